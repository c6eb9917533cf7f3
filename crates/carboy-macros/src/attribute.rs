//! What stands in the brackets of `#[route("/rule", …)]` and its short forms.

use crate::{function::Errors, rule};
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, ExprUnary, Lit, LitBool, LitStr, Token, UnOp,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

/// The attributes that this crate has for views; one attribute on a function reads all of them.
pub(crate) const NAMES: [&str; 7] = ["route", "get", "post", "put", "patch", "delete", WEBSOCKET];

/// The attribute of functions that keep a connection.
pub(crate) const WEBSOCKET: &str = "websocket";

/// One `#[route]`, `#[get]`, ….
pub(crate) struct RouteAttribute {
    pub(crate) rule: LitStr,
    /// The variables of the rule, its subdomain and its host.
    pub(crate) variables: Vec<rule::Variable>,
    /// The methods, in upper case; `None` where `methods` was not written.
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) endpoint: Option<LitStr>,
    pub(crate) defaults: Vec<(Ident, Expr)>,
    pub(crate) outer: Vec<Ident>,
    pub(crate) strict_slashes: Option<LitBool>,
    pub(crate) merge_slashes: Option<LitBool>,
    pub(crate) provide_automatic_options: Option<LitBool>,
    pub(crate) subdomain: Option<LitStr>,
    pub(crate) host: Option<LitStr>,
    pub(crate) redirect_to: Option<LitStr>,
    pub(crate) websocket: bool,
    /// The attribute is `#[websocket]` itself.
    pub(crate) handler: bool,
    pub(crate) build_only: bool,
    pub(crate) alias: bool,
    pub(crate) blocking: Option<Ident>,
    pub(crate) stream: Option<Ident>,
    /// Expressions that are guards, in their order.
    pub(crate) guards: Vec<Expr>,
    /// Expressions that are put around the view, the outermost first.
    pub(crate) arounds: Vec<Expr>,
}

/// The options, for the message about one that does not exist.
const OPTIONS: &str = "`methods`, `name`, `defaults(…)`, `outer(…)`, `strict_slashes`, `merge_slashes`, \
                       `subdomain`, `host`, `redirect_to`, `provide_automatic_options`, `websocket`, `build_only`, \
                       `alias`, `blocking`, `stream`, `guard`, `around`";

impl RouteAttribute {
    /// Reads the tokens in the brackets of the attribute called `name`.
    pub(crate) fn parse(name: &str, tokens: TokenStream) -> syn::Result<Self> {
        if name == WEBSOCKET {
            let mut attribute = (|input: ParseStream<'_>| Self::read(input, None)).parse2(tokens)?;
            let mut errors = Errors::default();
            if attribute.methods.is_some() {
                errors.push(&attribute.rule, "a WebSocket is always opened by GET: remove `methods`");
            }
            if let Some(word) = attribute.blocking.as_ref().or(attribute.stream.as_ref()) {
                errors.push(word, format!("`{word}` means nothing for a WebSocket: remove it"));
            }
            if let Some(around) = attribute.arounds.first() {
                errors.push(around, "`around` means nothing for a WebSocket: remove it");
            }
            (attribute.websocket, attribute.handler) = (true, true);
            return errors.finish(attribute);
        }
        let method = method_of(name);
        (|input: ParseStream<'_>| Self::read(input, method.as_deref())).parse2(tokens)
    }

    fn read(input: ParseStream<'_>, method: Option<&str>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(syn::Error::new(Span::call_site(), "the URL rule is missing: `#[route(\"/\")]`"));
        }
        if !input.peek(LitStr) {
            return Err(input.error("the URL rule comes first, as a string: `#[route(\"/\")]`"));
        }
        let rule: LitStr = input.parse()?;
        let mut errors = Errors::default();
        let variables = rule::parse_path(&rule.value()).unwrap_or_else(|error| {
            errors.push(&rule, error);
            Vec::new()
        });
        let mut this = RouteAttribute {
            rule,
            variables,
            methods: method.map(|method| vec![method.to_owned()]),
            endpoint: None,
            defaults: Vec::new(),
            outer: Vec::new(),
            strict_slashes: None,
            merge_slashes: None,
            provide_automatic_options: None,
            subdomain: None,
            host: None,
            redirect_to: None,
            websocket: false,
            handler: false,
            build_only: false,
            alias: false,
            blocking: None,
            stream: None,
            guards: Vec::new(),
            arounds: Vec::new(),
        };
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key = input.call(Ident::parse_any)?;
            if seen.contains(&key) {
                errors.push(&key, format!("`{key}` is written twice"));
            }
            this.option(&key, input, method, &mut errors)?;
            seen.push(key);
        }
        for text in [&this.subdomain, &this.host].into_iter().flatten() {
            match rule::parse(&text.value()) {
                Ok(more) => {
                    for variable in more {
                        if this.variables.iter().any(|other| other.name == variable.name) {
                            errors
                                .push(text, format!("duplicate argument '{}' in a URL rule", variable.name));
                        } else {
                            this.variables.push(variable);
                        }
                    }
                }
                Err(error) => errors.push(text, error),
            }
        }
        errors.finish(this)
    }

    fn option(
        &mut self,
        key: &Ident,
        input: ParseStream<'_>,
        method: Option<&str>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match key.to_string().as_str() {
            "methods" => {
                let methods = methods(input)?;
                if method.is_some() {
                    errors.push(key, "Use the 'route' decorator to use the 'methods' argument.");
                } else {
                    self.methods = Some(methods);
                }
            }
            "name" | "endpoint" => {
                let name: LitStr = value(key, input, "a string")?;
                if name.value().is_empty() {
                    errors.push(&name, "the name of an endpoint cannot be empty");
                } else if name.value().contains('.') {
                    errors.push(&name, "the name of an endpoint cannot hold a dot: the dot separates the name of a blueprint, which is put before it");
                }
                self.endpoint = Some(name);
            }
            "defaults" => {
                let content;
                if !input.peek(syn::token::Paren) {
                    return Err(syn::Error::new_spanned(key, "defaults are written `defaults(page = 1)`"));
                }
                parenthesized!(content in input);
                let pairs = Punctuated::<Default, Token![,]>::parse_terminated(&content)?;
                self.defaults.extend(pairs.into_iter().map(|pair| (pair.name, pair.value)));
            }
            "outer" => {
                let content;
                if !input.peek(syn::token::Paren) {
                    return Err(syn::Error::new_spanned(
                        key,
                        "parameters of a prefix, a subdomain or a host are named like this: `outer(lang)`",
                    ));
                }
                parenthesized!(content in input);
                self.outer.extend(Punctuated::<Ident, Token![,]>::parse_terminated_with(
                    &content,
                    Ident::parse_any,
                )?);
            }
            "strict_slashes" => self.strict_slashes = Some(value(key, input, "`true` or `false`")?),
            "merge_slashes" => self.merge_slashes = Some(value(key, input, "`true` or `false`")?),
            "provide_automatic_options" => {
                self.provide_automatic_options = Some(value(key, input, "`true` or `false`")?);
            }
            "subdomain" => self.subdomain = Some(value(key, input, "a string")?),
            "host" => self.host = Some(value(key, input, "a string")?),
            "redirect_to" => self.redirect_to = Some(value(key, input, "a string")?),
            "websocket" => self.websocket = flag(key, input)?,
            "build_only" => self.build_only = flag(key, input)?,
            "alias" => self.alias = flag(key, input)?,
            "blocking" => self.blocking = flag(key, input)?.then(|| key.clone()),
            "stream" => self.stream = flag(key, input)?.then(|| key.clone()),
            "guard" => match value(key, input, "a guard, or a list of guards")? {
                Expr::Array(list) => self.guards.extend(list.elems),
                guard => self.guards.push(guard),
            },
            "around" => match value(key, input, "what goes around the view, or a list of that")? {
                Expr::Array(list) => self.arounds.extend(list.elems),
                around => self.arounds.push(around),
            },
            _ => {
                return Err(syn::Error::new_spanned(
                    key,
                    format!("`{key}` is no option of a route; there are {OPTIONS}"),
                ));
            }
        }
        Ok(())
    }
}

/// `page = 1` in `defaults(…)`.
struct Default {
    name: Ident,
    value: Expr,
}

impl Parse for Default {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let value: Expr = input.parse()?;
        let literal = match &value {
            Expr::Lit(_) => true,
            Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => matches!(**expr, Expr::Lit(_)),
            _ => false,
        };
        if !literal {
            return Err(syn::Error::new_spanned(
                value,
                "a default is a literal: a number, a string, `true` or `false`",
            ));
        }
        Ok(Default { name, value })
    }
}

/// `= value`, or what should have stood there.
pub(crate) fn value<T: Parse>(key: &Ident, input: ParseStream<'_>, what: &str) -> syn::Result<T> {
    let wrong = |span| syn::Error::new(span, format!("`{key}` takes {what}"));
    if !input.peek(Token![=]) {
        return Err(wrong(key.span()));
    }
    input.parse::<Token![=]>()?;
    let span = input.span();
    input.parse().map_err(|_| wrong(span))
}

/// `key`, `key = true` or `key = false`.
fn flag(key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(Token![=]) {
        return Ok(true);
    }
    value::<LitBool>(key, input, "`true` or `false`").map(|literal| literal.value)
}

/// `= ["GET", "POST"]`, in upper case.
fn methods(input: ParseStream<'_>) -> syn::Result<Vec<String>> {
    const WRONG: &str = "Allowed methods must be a list of strings, for example: #[route(\"/login\", methods = [\"GET\", \"POST\"])]";
    input.parse::<Token![=]>()?;
    let value: Expr = input.parse()?;
    let Expr::Array(array) = &value else { return Err(syn::Error::new_spanned(value, WRONG)) };
    if array.elems.is_empty() {
        return Err(syn::Error::new_spanned(
            array,
            "a rule without methods never matches: name one, or leave `methods` away for GET",
        ));
    }
    let mut methods: Vec<String> = Vec::new();
    for elem in &array.elems {
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = elem else {
            return Err(syn::Error::new_spanned(elem, WRONG));
        };
        let method = text.value().to_ascii_uppercase();
        // RFC 9110, section 9.1: a method is a token.
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if method.is_empty() || !method.chars().all(token) {
            return Err(syn::Error::new_spanned(text, "this is no HTTP method"));
        }
        if methods.contains(&method) {
            return Err(syn::Error::new_spanned(text, "this method is written twice"));
        }
        methods.push(method);
    }
    Ok(methods)
}

/// The method of the attribute called `name`: `None` for `route`, the upper-cased name for a short form.
fn method_of(name: &str) -> Option<String> {
    (name != "route").then(|| name.to_ascii_uppercase())
}

/// The attribute's name, if it is one of [`NAMES`], bare or behind `carboy::`.
pub(crate) fn route_name(attr: &Attribute) -> Option<String> {
    let segments: Vec<String> =
        attr.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    let name = match segments.as_slice() {
        [name] => name,
        [carboy, name] if carboy == "carboy" => name,
        _ => return None,
    };
    NAMES.contains(&name.as_str()).then(|| name.clone())
}

/// The tokens in the brackets of an attribute.
pub(crate) fn tokens_of(attr: &Attribute) -> syn::Result<TokenStream> {
    match &attr.meta {
        syn::Meta::List(list) => Ok(list.tokens.clone()),
        syn::Meta::Path(_) => {
            Err(syn::Error::new_spanned(attr, "the URL rule is missing: `#[route(\"/\")]`"))
        }
        syn::Meta::NameValue(_) => Err(syn::Error::new_spanned(
            attr.to_token_stream(),
            "the URL rule stands in brackets: `#[route(\"/\")]`",
        )),
    }
}
