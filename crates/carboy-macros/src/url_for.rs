//! `url_for!`: the URL of a view as a literal of its same-named struct, so that the compiler itself finds a parameter
//! that is missing, misspelt or of another type.

use crate::paths::Path;
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Expr, LitStr, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

/// What is linked to.
enum Target {
    /// A view of this crate, by its path.
    View(syn::Path),
    /// An endpoint by its name.
    Endpoint(LitStr),
}

struct Pair {
    name: Ident,
    value: Expr,
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            return Ok(Pair { name, value: input.parse()? });
        }
        // `id` alone stands for `id = id`, as in a struct literal.
        let value = Expr::Path(syn::ExprPath { attrs: Vec::new(), qself: None, path: name.clone().into() });
        Ok(Pair { name, value })
    }
}

struct UrlFor {
    target: Target,
    parameters: Vec<Pair>,
    extra: Vec<Pair>,
}

impl Parse for UrlFor {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(input
                .error("name a view: `url_for!(user, id = 3)`, or an endpoint: `url_for!(\"auth.login\")`"));
        }
        let target = match input.peek(LitStr) {
            true => Target::Endpoint(input.parse()?),
            false => Target::View(input.call(syn::Path::parse_mod_style)?),
        };
        let mut parameters = Vec::new();
        let mut extra = Vec::new();
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
            pairs(input, &mut parameters)?;
        }
        if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            pairs(input, &mut extra)?;
        }
        if !input.is_empty() {
            return Err(input.error("expected `,`, or `;` before what goes into the query string"));
        }
        // Flask's own words keep their meaning on either side of the `;`.
        let (reserved, parameters) =
            parameters.into_iter().partition(|pair: &Pair| option(&pair.name).is_some());
        extra.splice(0..0, reserved);
        Ok(UrlFor { target, parameters, extra })
    }
}

/// `a = 1, b = 2` up to a `;` or the end.
fn pairs(input: ParseStream<'_>, into: &mut Vec<Pair>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![;]) {
        let pair: Pair = input.parse()?;
        if into.iter().any(|other| other.name == pair.name) {
            return Err(syn::Error::new_spanned(&pair.name, format!("`{}` is given twice", pair.name)));
        }
        into.push(pair);
        if !input.peek(Token![,]) {
            break;
        }
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

/// The builder method for one of Flask's reserved arguments.
fn option(name: &Ident) -> Option<&'static str> {
    match name.to_string().as_str() {
        "_external" => Some("external"),
        "_anchor" => Some("anchor"),
        "_method" => Some("method"),
        "_scheme" => Some("scheme"),
        _ => None,
    }
}

/// Expands `url_for!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let url_for: UrlFor = match syn::parse2(input) {
        Ok(url_for) => url_for,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!({ #error ::std::string::String::new() });
        }
    };
    let (values, for_view, for_endpoint) = (Path::UrlFor, Path::UrlForView, Path::UrlForEndpoint);
    let extra = url_for.extra.iter().map(|Pair { name, value }| {
        let method = Ident::new(option(name).unwrap_or("value"), name.span());
        let key = name.unraw().to_string();
        match option(name) {
            Some(_) => quote!(.#method(#value)),
            None => quote!(.#method(#key, #value)),
        }
    });
    let extra: TokenStream = extra.collect();
    match url_for.target {
        Target::View(path) => {
            let fields = url_for.parameters.iter().map(|Pair { name, value }| {
                let arg = Path::UrlArg.at(value.span());
                let value = quote_spanned!(value.span()=> #arg::into_arg(#value));
                quote!(#name: #value)
            });
            let view = quote_spanned!(path.span()=> &#path { #(#fields),* });
            quote!(#for_view(#view, #values::new() #extra))
        }
        Target::Endpoint(endpoint) => {
            let values_of = url_for.parameters.iter().map(|Pair { name, value }| {
                let key = name.unraw().to_string();
                quote!(.value(#key, #value))
            });
            quote!(#for_endpoint(#endpoint, #values::new() #(#values_of)* #extra))
        }
    }
}
