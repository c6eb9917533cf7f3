//! A function as a macro reads it: attributes and signature are parsed, the body is never looked at.
//!
//! What is given back is the caller's own tokens, so that an editor goes on working in a function that does not
//! compile yet, and every error in it keeps its place.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, FnArg, Meta, Pat, ReturnType, Signature, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// A function: parsed up to its body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Function {
            attrs: input.call(Attribute::parse_outer)?,
            vis: input.parse()?,
            sig: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.attrs.iter().for_each(|attr| attr.to_tokens(tokens));
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// An argument of a view or a command.
pub(crate) struct Argument {
    /// The name without `mut` and `r#`; `None` for a pattern such as `Json(body)` or `_`.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
}

impl Argument {
    /// Whether this argument stands for the name `wanted`; `_id` stands for `id` too.
    pub(crate) fn is_called(&self, wanted: &str) -> bool {
        self.name.as_ref().is_some_and(|name| {
            let name = name.unraw().to_string();
            name == wanted || name.strip_prefix('_').is_some_and(|rest| rest == wanted)
        })
    }

    /// How the argument is called in messages.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => name.unraw().to_string(),
            None => format!("_: {}", text_of(&self.ty)),
        }
    }
}

impl Function {
    /// The attributes of conditional compilation, which everything that is generated repeats.
    pub(crate) fn cfgs(&self) -> TokenStream {
        let cfgs = self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
        quote!(#(#cfgs)*)
    }

    /// The body as it stands there, braces and all.
    pub(crate) fn body(&self) -> &TokenStream {
        &self.body
    }

    /// The text of the doc comments, a line each.
    pub(crate) fn doc(&self) -> String {
        doc_of(&self.attrs)
    }

    /// The arguments, or what makes the function unfit to be called by a framework. `what` is "a view" or "a command".
    pub(crate) fn arguments(&self, what: &str) -> syn::Result<Vec<Argument>> {
        let mut errors = Errors::default();
        let sig = &self.sig;
        if let Some(FnArg::Receiver(receiver)) = sig.inputs.first() {
            let advice = match what {
                "a view" => "write a free function, or implement `MethodView` for the type",
                _ => "write a free function",
            };
            errors.push(
                receiver,
                format!("{what} cannot be a method, because nobody has the `self` to call it on: {advice}"),
            );
        }
        let generic =
            sig.generics.params.iter().find(|param| !matches!(param, syn::GenericParam::Lifetime(_)));
        if let Some(param) = generic {
            errors.push(param, format!("{what} cannot be generic, because the framework would not know which type to call it with: name the type"));
        } else if let Some(param) = sig.generics.params.first() {
            errors.push(param, format!("{what} cannot have lifetimes: its arguments are owned values"));
        }
        if let Some(token) = &sig.unsafety {
            errors.push(token, format!("{what} cannot be `unsafe`: wrap the unsafe call in a safe function"));
        }
        if let Some(token) = &sig.constness {
            errors.push(token, format!("{what} cannot be `const`: remove the word"));
        }
        if let Some(token) = &sig.abi {
            errors.push(token, format!("{what} is a plain Rust function: remove `extern`"));
        }
        if let Some(token) = &sig.variadic {
            errors.push(token, format!("{what} cannot be variadic"));
        }
        let mut arguments = Vec::new();
        for input in &sig.inputs {
            let FnArg::Typed(typed) = input else { continue };
            if let Some(attr) = typed.attrs.iter().find(|attr| attr.path().is_ident("cfg")) {
                errors.push(attr, format!("an argument of {what} cannot depend on `cfg`"));
            }
            match &*typed.ty {
                Type::Reference(reference) => {
                    let elem = text_of(&reference.elem);
                    let advice = match elem.as_str() {
                        "str" => "`String`".to_owned(),
                        "Request" | "carboy::Request" => "`CurrentRequest`".to_owned(),
                        _ => format!("`{elem}`"),
                    };
                    errors.push(
                        &typed.ty,
                        format!(
                            "the arguments of {what} are owned values: take {advice} instead of `{}`",
                            text_of(&typed.ty)
                        ),
                    );
                }
                Type::ImplTrait(_) => {
                    errors.push(&typed.ty, format!("{what} cannot be generic, because the framework would not know which type to call it with: name the type"));
                }
                _ => {}
            }
            let name = match &*typed.pat {
                Pat::Ident(pattern) if pattern.subpat.is_none() => Some(pattern.ident.clone()),
                _ => None,
            };
            arguments.push(Argument { name, ty: (*typed.ty).clone(), attrs: typed.attrs.clone() });
        }
        errors.finish(arguments)
    }

    /// The span that an error about the return value shall have.
    pub(crate) fn return_span(&self) -> proc_macro2::Span {
        let name = self.sig.ident.span();
        match &self.sig.output {
            ReturnType::Default => name,
            ReturnType::Type(_, ty) => ty.span().resolved_at(name),
        }
    }
}

/// The text of the doc comments among `attrs`, a line each, without the blank that follows `///`.
pub(crate) fn doc_of(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

/// Tokens as a person would write them.
pub(crate) fn text_of(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
    ] {
        text = text.replace(from, to);
    }
    text
}

/// Mistakes, collected so that all of them are told at once.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// One more, at the place of `tokens`.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    /// One more.
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// `value` if there was no mistake.
    pub(crate) fn finish<T>(self, value: T) -> syn::Result<T> {
        match self.0 {
            Some(errors) => Err(errors),
            None => Ok(value),
        }
    }
}
