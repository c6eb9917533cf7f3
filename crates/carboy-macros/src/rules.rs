//! `validate(…)`: the rules of a field, as forms and checked input write them.

use crate::paths::Ext;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, ExprLit, Lit, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// The rules and the arguments that each takes; `*` stands for any number without a name.
const RULES: &[(&str, &[&str])] = &[
    ("data_required", &[]),
    ("input_required", &[]),
    ("optional", &["strip_whitespace"]),
    ("length", &["min", "max"]),
    ("number_range", &["min", "max"]),
    ("date_range", &["min", "max"]),
    ("regexp", &["*", "html_pattern"]),
    ("email", &["allow_smtputf8", "allow_empty_local", "test_environment"]),
    ("url", &["require_tld", "allow_ip", "allow_userinfo", "schemes"]),
    ("uuid", &[]),
    ("ip_address", &["ipv4", "ipv6"]),
    ("mac_address", &[]),
    ("any_of", &["*", "values"]),
    ("none_of", &["*", "values"]),
    ("equal_to", &["*"]),
    ("read_only", &[]),
    ("disabled", &[]),
    ("file_required", &[]),
    ("file_allowed", &["*"]),
    ("file_size", &["min", "max"]),
    ("custom", &["*"]),
];

/// One rule: `length(min = 3, message = "…")`.
pub(crate) struct Rule {
    pub(crate) name: Ident,
    positional: Vec<Expr>,
    named: Vec<(Ident, Expr)>,
}

/// `name(…)` and `name = …` after one another.
impl Parse for Rule {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let word = name.to_string();
        let Some((_, known)) = RULES.iter().find(|(rule, _)| *rule == word) else {
            let all: Vec<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
            let hint = match nearest(&word, &all) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            let list = all.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
            let text = format!(
                "there is no rule `{word}`{hint}\nthe rules are {list}; a function of your own is `custom(function)`"
            );
            return Err(syn::Error::new(name.span(), text));
        };
        let mut rule = Rule { name, positional: Vec::new(), named: Vec::new() };
        if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            while !content.is_empty() {
                if content.peek(Ident::peek_any) && content.peek2(Token![=]) && !content.peek2(Token![==]) {
                    let name = content.call(Ident::parse_any)?;
                    content.parse::<Token![=]>()?;
                    if name != "message" && !known.contains(&name.to_string().as_str()) {
                        let takes: Vec<String> = known
                            .iter()
                            .filter(|known| **known != "*")
                            .chain(&["message"])
                            .map(|known| format!("`{known}`"))
                            .collect();
                        let text =
                            format!("`{word}` has no argument `{name}`: it takes {}", takes.join(", "));
                        return Err(syn::Error::new(name.span(), text));
                    }
                    if rule.named.iter().any(|(given, _)| *given == name) {
                        return Err(syn::Error::new(name.span(), format!("`{name}` is given twice")));
                    }
                    rule.named.push((name, content.parse()?));
                } else {
                    let value: Expr = content.parse()?;
                    if !known.contains(&"*") {
                        let text = match known.is_empty() {
                            true => format!("`{word}` takes no argument but `message = \"…\"`"),
                            false => {
                                format!("the arguments of `{word}` have names: `{word}({} = …)`", known[0])
                            }
                        };
                        return Err(syn::Error::new(value.span(), text));
                    }
                    rule.positional.push(value);
                }
                if !content.is_empty() {
                    content.parse::<Token![,]>()?;
                }
            }
        }
        rule.check()?;
        Ok(rule)
    }
}

impl Rule {
    fn named(&self, name: &str) -> Option<&Expr> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn error<T>(&self, text: &str) -> syn::Result<T> {
        Err(syn::Error::new(self.name.span(), text))
    }

    fn check(&self) -> syn::Result<()> {
        let word = self.name.to_string();
        match word.as_str() {
            "length" | "number_range" | "date_range"
                if self.named("min").is_none() && self.named("max").is_none() =>
            {
                self.error(&format!("`{word}` needs `min = …`, `max = …`, or both"))
            }
            "length" => match (integer(self.named("min")), integer(self.named("max"))) {
                (Some(min), Some(max)) if min > max => self.error("`min` cannot be more than `max`"),
                _ => Ok(()),
            },
            "regexp" | "equal_to" | "custom" if self.positional.len() != 1 => {
                self.error(&match word.as_str() {
                    "regexp" => "`regexp` needs one pattern: `regexp(\"^[a-z]+$\")`".to_owned(),
                    "equal_to" => {
                        "`equal_to` needs the name of one field: `equal_to(\"password\")`".to_owned()
                    }
                    _ => "`custom` needs one function: `custom(is_strong)`".to_owned(),
                })
            }
            "any_of" | "none_of" if self.positional.is_empty() == self.named("values").is_none() => self
                .error(&format!(
                    "`{word}` needs its values: `{word}(\"a\", \"b\")`, or `{word}(values = LIST)`"
                )),
            "file_allowed" if self.positional.is_empty() => self
                .error("`file_allowed` needs extensions without a point: `file_allowed(\"jpg\", \"png\")`"),
            "file_size" if self.named("max").is_none() => self.error("`file_size` needs `max = …`, in bytes"),
            "ip_address" if is_false(self.named("ipv4")) && !is_true(self.named("ipv6")) => {
                self.error("`ip_address` needs `ipv4` or `ipv6`")
            }
            _ => Ok(()),
        }
    }

    /// The field that `equal_to` names.
    pub(crate) fn other_field(&self) -> Option<syn::LitStr> {
        match (self.name == "equal_to", self.positional.first()) {
            (true, Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. }))) => Some(name.clone()),
            _ => None,
        }
    }

    /// The function of `custom`.
    pub(crate) fn function(&self) -> Option<&Expr> {
        (self.name == "custom").then(|| self.positional.first()).flatten()
    }

    /// Whether only the length of the value matters.
    pub(crate) fn is_length(&self) -> bool {
        self.name == "length"
    }

    /// Whether the rule says itself what an empty value is.
    pub(crate) fn is_requirement(&self) -> bool {
        ["data_required", "input_required", "file_required", "optional"].iter().any(|name| self.name == name)
    }

    /// The rule as an expression; `custom` is left to the caller.
    pub(crate) fn expand(&self) -> TokenStream {
        let span = self.name.span();
        let rule = Ext::Rule.at(span);
        let value = Ext::Value.at(span);
        let none = quote_spanned!(span=> #value::None);
        let or = |name: &str, default: TokenStream| {
            self.named(name).map_or(default, |value| value.to_token_stream())
        };
        let some = |name: &str| match self.named(name) {
            Some(value) => quote!(::core::option::Option::Some(#value)),
            None => quote!(::core::option::Option::None),
        };
        let option = |name: &str| {
            self.named(name).map(|value| {
                let method = Ident::new(name, span);
                quote!(.#method(#value))
            })
        };
        let positional = &self.positional;
        let list = match self.named("values") {
            Some(values) => values.to_token_stream(),
            None => quote!([#(#positional),*]),
        };
        let first = positional.first();
        let call = match self.name.to_string().as_str() {
            "optional" => match self.named("strip_whitespace") {
                Some(strip) => {
                    quote_spanned!(span=> if #strip { #rule::optional() } else { #rule::optional_unstripped() })
                }
                None => quote_spanned!(span=> #rule::optional()),
            },
            "length" => {
                let (min, max) = (some("min"), some("max"));
                quote_spanned!(span=> #rule::length(#min, #max))
            }
            name @ ("number_range" | "date_range") => {
                let method = Ident::new(name, span);
                let (min, max) = (or("min", none.clone()), or("max", none));
                quote_spanned!(span=> #rule::#method(#min, #max))
            }
            "regexp" => {
                let (regex, anchored, html) = (Ext::Regex, Ext::Anchored, option("html_pattern"));
                quote_spanned! {span=> {
                    static PATTERN: ::std::sync::LazyLock<#regex> = ::std::sync::LazyLock::new(|| #anchored(#first));
                    #rule::regex(::core::clone::Clone::clone(&*PATTERN)) #html
                }}
            }
            "email" => {
                let options = ["allow_smtputf8", "allow_empty_local", "test_environment"].map(option);
                quote_spanned!(span=> #rule::email() #(#options)*)
            }
            "url" => {
                let options = ["require_tld", "allow_ip", "allow_userinfo", "schemes"].map(option);
                quote_spanned!(span=> #rule::url() #(#options)*)
            }
            "ip_address" => {
                let (v4, v6) = (or("ipv4", quote!(true)), or("ipv6", quote!(false)));
                quote_spanned!(span=> #rule::ip_address(#v4, #v6))
            }
            name @ ("any_of" | "none_of") => {
                let method = Ident::new(name, span);
                quote_spanned!(span=> #rule::#method(#list))
            }
            "equal_to" => quote_spanned!(span=> #rule::equal_to(#first)),
            "file_allowed" => quote_spanned!(span=> #rule::file_allowed(#list)),
            "file_size" => {
                let (min, max) = (or("min", quote!(0)), or("max", quote!(0)));
                quote_spanned!(span=> #rule::file_size(#min, #max))
            }
            name => {
                let method = Ident::new(name, span);
                quote_spanned!(span=> #rule::#method())
            }
        };
        match self.named("message") {
            Some(message) => quote_spanned!(span=> #rule::message(#call, #message)),
            None => call,
        }
    }

    /// The message that was written for the rule.
    pub(crate) fn message(&self) -> Option<&Expr> {
        self.named("message")
    }
}

fn integer(expr: Option<&Expr>) -> Option<u64> {
    match expr? {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    }
}

fn is(expr: Option<&Expr>, wanted: bool) -> bool {
    matches!(expr, Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) if value.value == wanted)
}

fn is_false(expr: Option<&Expr>) -> bool {
    is(expr, false)
}

fn is_true(expr: Option<&Expr>) -> bool {
    is(expr, true)
}

/// The rules in the brackets of `validate(…)`.
pub(crate) fn parse_all(input: ParseStream<'_>) -> syn::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    while !input.is_empty() {
        rules.push(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(rules)
}

/// The word of `all` that somebody may have meant.
pub(crate) fn nearest<'w>(word: &str, all: &[&'w str]) -> Option<&'w str> {
    let distance = |a: &str, b: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let cost = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
            }
        }
        row[b.len()]
    };
    let found = all.iter().map(|known| (distance(word, known), *known)).min()?;
    let contained = all.iter().find(|known| known.starts_with(word) || word.starts_with(**known)).copied();
    (found.0 <= 1 + word.len() / 4).then_some(found.1).or(contained)
}

/// The type inside an `Option`.
pub(crate) fn option_of(ty: &syn::Type) -> Option<&syn::Type> {
    generic_of(ty, "Option")
}

/// The type inside a `Vec`.
pub(crate) fn vec_of(ty: &syn::Type) -> Option<&syn::Type> {
    generic_of(ty, "Vec")
}

fn generic_of<'t>(ty: &'t syn::Type, name: &str) -> Option<&'t syn::Type> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(syn::GenericArgument::Type(inner)) if last.ident == name && arguments.args.len() == 1 => {
            Some(inner)
        }
        _ => None,
    }
}

/// The fields of a struct with names; an error that says what `derive` is for otherwise.
pub(crate) fn named_fields<'i>(
    input: &'i syn::DeriveInput,
    derive: &str,
) -> syn::Result<&'i syn::punctuated::Punctuated<syn::Field, Token![,]>> {
    let wrong = |text: String| Err(syn::Error::new(input.ident.span(), text));
    match &input.data {
        syn::Data::Struct(syn::DataStruct { fields: syn::Fields::Named(fields), .. }) => Ok(&fields.named),
        _ => wrong(format!("`#[derive({derive})]` is for structs with named fields")),
    }
}
