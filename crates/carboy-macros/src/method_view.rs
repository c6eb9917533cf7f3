//! `#[method_view]`: the list of the HTTP methods that an implementation of `MethodView` defines.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

/// The names that are HTTP methods in a `MethodView`, as Flask's `http_method_funcs`.
const METHODS: [&str; 8] = ["get", "post", "head", "options", "delete", "put", "trace", "patch"];

/// Adds `const METHODS` to an `impl MethodView for …`; one that is written already stays.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let error = |message: &str| {
        let error = syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error();
        quote!(#item #error)
    };
    if !args.is_empty() {
        return error("`#[method_view]` takes nothing: the rule and the name are given to `add_method_view`");
    }
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let is_impl = tokens.iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "impl"));
    let is_for = tokens.iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "for"));
    let Some(TokenTree::Group(body)) = tokens.last() else {
        return error("`#[method_view]` goes on `impl MethodView for …`");
    };
    if !is_impl || !is_for || body.delimiter() != Delimiter::Brace {
        return error("`#[method_view]` goes on `impl MethodView for …`");
    }
    let words: Vec<String> = body.stream().into_iter().map(|token| token.to_string()).collect();
    let after = |keyword: &'static str| {
        words.windows(2).filter(move |pair| pair[0] == keyword).map(|pair| pair[1].as_str())
    };
    // Each method returns a response type of its own choice, which the trait leaves open.
    let allow = quote!(#[allow(refining_impl_trait)]);
    if after("const").any(|name| name == "METHODS") {
        return quote!(#allow #item);
    }
    let methods: Vec<String> =
        after("fn").filter(|name| METHODS.contains(name)).map(str::to_ascii_uppercase).collect();
    if methods.is_empty() {
        return error("a method view defines at least one of `get`, `post`, `put`, `patch`, `delete`, …");
    }
    let content = body.stream();
    let mut group = Group::new(
        Delimiter::Brace,
        quote! { const METHODS: &'static [&'static ::core::primitive::str] = &[#(#methods),*]; #content },
    );
    group.set_span(body.span());
    let last = tokens.len() - 1;
    tokens[last] = TokenTree::Group(group);
    quote!(#allow #(#tokens)*)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_that_are_defined_are_listed() {
        let item = quote! { impl MethodView for Item { async fn get(&self, args: Args) -> Result { fn post() {} } fn helper() {} fn delete(&self) {} } };
        let text = expand(TokenStream::new(), item).to_string();
        assert!(text.contains(r#"& ["GET" , "DELETE"]"#), "{text}");
    }

    #[test]
    fn methods_that_are_written_stay() {
        let item = quote! { impl MethodView for Item { const METHODS: &'static [&'static str] = &["GET"]; fn post(&self) {} } };
        assert!(expand(TokenStream::new(), item.clone()).to_string().ends_with(&item.to_string()));
    }

    #[test]
    fn an_inherent_implementation_is_refused() {
        let text = expand(TokenStream::new(), quote! { impl Item { fn get(&self) {} } }).to_string();
        assert!(text.contains("compile_error"), "{text}");
    }
}
