//! `routes![…]` and `commands![…]`: the definitions behind a list of functions.

use crate::{embed::embedded, paths::Path};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Token,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

struct Entry {
    attrs: Vec<Attribute>,
    path: syn::Path,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Entry {
            attrs: input.call(Attribute::parse_outer)?,
            path: input.call(syn::Path::parse_mod_style)?,
        })
    }
}

/// Expands `routes![…]`: the views, and the folder of the package that lists them, where its templates lie.
pub(crate) fn routes(input: TokenStream) -> TokenStream {
    let (routes, list, embedded) = (Path::Routes, list(input, Path::Route), embedded());
    quote!(#routes::new(#list, ::core::env!("CARGO_MANIFEST_DIR"), #embedded))
}

/// Expands `commands![…]`.
pub(crate) fn commands(input: TokenStream) -> TokenStream {
    list(input, Path::Command)
}

/// A `Vec` of what `describe` says about each entry; `#[cfg(…)]` before an entry counts.
fn list(input: TokenStream, describe: Path) -> TokenStream {
    let vec = Path::Vec;
    let entries = match Punctuated::<Entry, Token![,]>::parse_terminated.parse2(input) {
        Ok(entries) => entries,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!({ #error #vec::new() });
        }
    };
    if entries.iter().all(|entry| entry.attrs.is_empty()) {
        let paths = entries.iter().map(|entry| &entry.path);
        return quote!(#vec::from([#(<#paths as #describe>::def()),*]));
    }
    let pushes = entries
        .iter()
        .map(|Entry { attrs, path }| quote!(#(#attrs)* list.push(<#path as #describe>::def());));
    quote!({ let mut list = #vec::new(); #(#pushes)* list })
}
