//! `#[cached]` beneath the route of a view: its options, and what is put around the view for it.

use crate::{
    attribute::{route_name, value},
    function::{Errors, Function},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Expr, ExprLit, ExprUnary, Lit, LitBool, Token, UnOp,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// What stands in the brackets of `#[cached(…)]`.
pub(crate) struct Cached {
    /// The name of the attribute as it is written there, which is that of the function too: so what is imported for it is used.
    pub(crate) path: syn::Path,
    timeout: Option<TokenStream>,
    stale: Option<TokenStream>,
    query_string: bool,
    key: Option<Expr>,
    unless: Option<Expr>,
    response_filter: Option<Expr>,
}

const OPTIONS: &str =
    "`timeout`, `stale_while_revalidate`, `query_string`, `key`, `unless`, `response_filter`";

/// Whether an attribute is this one, bare or by its path.
pub(crate) fn is_cached(attr: &Attribute) -> bool {
    let segments: Vec<String> =
        attr.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    matches!(segments[..], ["cached"] | [.., "cache", "cached"])
}

impl Cached {
    pub(crate) fn parse(attr: &Attribute) -> syn::Result<Self> {
        let tokens = match &attr.meta {
            syn::Meta::Path(_) => TokenStream::new(),
            syn::Meta::List(list) => list.tokens.clone(),
            syn::Meta::NameValue(_) => {
                return Err(syn::Error::new_spanned(
                    attr,
                    "options stand in brackets: `#[cached(timeout = 60)]`",
                ));
            }
        };
        (|input: ParseStream<'_>| Self::read(attr.path().clone(), input)).parse2(tokens)
    }

    fn read(path: syn::Path, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut this = Cached {
            path,
            timeout: None,
            stale: None,
            query_string: true,
            key: None,
            unless: None,
            response_filter: None,
        };
        options(input, |key, input| {
            match key.to_string().as_str() {
                "timeout" => this.timeout = Some(duration(key, input)?),
                "stale_while_revalidate" => this.stale = Some(duration(key, input)?),
                "query_string" => {
                    this.query_string = value::<LitBool>(key, input, "`true` or `false`")?.value;
                }
                "key" => this.key = Some(value(key, input, "a function that returns the key, or a text")?),
                "unless" => {
                    this.unless = Some(value(key, input, "a function that is true for what is left alone")?);
                }
                "response_filter" => {
                    let what = "a function that is true for answers that are kept";
                    this.response_filter = Some(value(key, input, what)?);
                }
                "key_prefix" | "make_cache_key" => {
                    return Err(syn::Error::new_spanned(key, format!("`{key}` is called `key` here")));
                }
                _ => {
                    return Err(syn::Error::new_spanned(
                        key,
                        format!("`{key}` is no option of `#[cached]`; there are {OPTIONS}"),
                    ));
                }
            }
            Ok(())
        })?;
        Ok(this)
    }

    /// The expression of what is put around the view.
    pub(crate) fn tokens(&self) -> TokenStream {
        let cached = &self.path;
        let mut tokens = match &self.timeout {
            Some(timeout) => quote!(#cached(#timeout)),
            None => quote!(#cached(::core::time::Duration::ZERO).default_timeout()),
        };
        if let Some(stale) = &self.stale {
            tokens.extend(quote!(.stale_while_revalidate(#stale)));
        }
        if !self.query_string {
            tokens.extend(quote!(.ignore_query()));
        }
        if let Some(key) = &self.key {
            tokens.extend(match key {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                    quote!(.key(|| ::std::string::String::from(#text)))
                }
                key => quote_spanned!(key.span()=> .key(#key)),
            });
        }
        if let Some(unless) = &self.unless {
            tokens.extend(quote_spanned!(unless.span()=> .unless(#unless)));
        }
        if let Some(filter) = &self.response_filter {
            tokens.extend(quote_spanned!(filter.span()=> .response_filter(#filter)));
        }
        tokens
    }
}

/// Options with commas between them, each of which is read once by `read`.
pub(crate) fn options(
    input: ParseStream<'_>,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut seen: Vec<Ident> = Vec::new();
    let mut errors = Errors::default();
    while !input.is_empty() {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("options have names: `timeout = 60`"));
        }
        let key = input.call(Ident::parse_any)?;
        if seen.contains(&key) {
            errors.push(&key, format!("`{key}` is written twice"));
        }
        read(&key, input)?;
        seen.push(key);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    errors.finish(())
}

/// `= 60`, `= 0.5` or `= Duration::from_mins(5)`: a time as an expression of a `Duration`.
pub(crate) fn duration(key: &Ident, input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let wrong = || format!("`{key}` takes seconds, as a number, or a `Duration`");
    let time: Expr = value(key, input, "seconds, as a number, or a `Duration`")?;
    match &time {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_parse::<u64>().is_ok() => {
            Ok(quote!(::core::time::Duration::from_secs(#number)))
        }
        // What a `Duration` does not hold would be a panic of the app.
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. })
            if number
                .base10_parse::<f64>()
                .is_ok_and(|number| std::time::Duration::try_from_secs_f64(number).is_ok()) =>
        {
            Ok(quote!(::core::time::Duration::from_secs_f64(#number)))
        }
        Expr::Lit(_) | Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => {
            Err(syn::Error::new_spanned(&time, wrong()))
        }
        _ => Ok(quote!(#time)),
    }
}

/// What the attribute says when no route took it: it does nothing by itself.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let routes = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function.attrs.iter().find_map(route_name),
        Err(_) => None,
    };
    let message = match routes {
        Some(route) => format!(
            "`#[cached]` stands beneath the route, or it would keep nothing: move it under `#[{route}(…)]`"
        ),
        None => "`#[cached]` stands beneath the route of a view, `#[get(\"/\")]`; what other functions return is kept by \
                 `#[memoize]`"
            .to_owned(),
    };
    let error = syn::Error::new(Span::call_site(), message).to_compile_error();
    quote!(#item #error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn tokens(attr: &Attribute) -> String {
        Cached::parse(attr).unwrap().tokens().to_string()
    }

    fn error(attr: &Attribute) -> String {
        Cached::parse(attr).err().unwrap().to_string()
    }

    #[test]
    fn options_become_calls_of_the_builder() {
        let start = "cached";
        let seconds = ":: core :: time :: Duration :: from_secs";
        for (attr, expected) in [
            (parse_quote!(#[cached(timeout = 60)]), format!("{start} ({seconds} (60))")),
            (parse_quote!(#[cached(timeout = 0.5,)]), format!("{start} ({seconds}_f64 (0.5))")),
            (parse_quote!(#[cache::cached(timeout = HOUR)]), "cache :: cached (HOUR)".to_owned()),
            (
                parse_quote!(#[cached]),
                format!("{start} (:: core :: time :: Duration :: ZERO) . default_timeout ()"),
            ),
            (
                parse_quote!(#[carboy_ext::cache::cached(
                    timeout = 1, query_string = false, key = tenant, unless = || true, response_filter = good
                )]),
                format!(
                    "carboy_ext :: cache :: {start} ({seconds} (1)) . ignore_query () . key (tenant) . unless (| | true) . response_filter (good)"
                ),
            ),
            (
                parse_quote!(#[cached(stale_while_revalidate = 9, timeout = 1)]),
                format!("{start} ({seconds} (1)) . stale_while_revalidate ({seconds} (9))"),
            ),
            (
                parse_quote!(#[cached(timeout = 1, query_string = true, key = "menu")]),
                format!("{start} ({seconds} (1)) . key (|| :: std :: string :: String :: from (\"menu\"))"),
            ),
        ] {
            assert!(is_cached(&attr));
            assert_eq!(tokens(&attr), expected);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(error(&parse_quote!(#[cached(60)])), "options have names: `timeout = 60`");
        let seconds = "`timeout` takes seconds, as a number, or a `Duration`";
        assert_eq!(error(&parse_quote!(#[cached(timeout)])), seconds);
        assert_eq!(error(&parse_quote!(#[cached(timeout = "60")])), seconds);
        assert_eq!(error(&parse_quote!(#[cached(timeout = -1)])), seconds);
        assert_eq!(error(&parse_quote!(#[cached(timeout = 1e300)])), seconds);
        assert_eq!(error(&parse_quote!(#[cached(timeout = 1, timeout = 2)])), "`timeout` is written twice");
        assert_eq!(error(&parse_quote!(#[cached(key_prefix = "a")])), "`key_prefix` is called `key` here");
        assert!(error(&parse_quote!(#[cached(seconds = 1)])).contains("there are `timeout`"));
        assert!(error(&parse_quote!(#[cached = 60])).contains("in brackets"));
    }

    #[test]
    fn attributes_of_other_packages_are_left_alone() {
        assert!(!is_cached(&parse_quote!(#[cached::proc_macro::cached])));
        assert!(!is_cached(&parse_quote!(#[get("/")])));
    }
}
