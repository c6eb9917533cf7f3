//! `#[memoize]`: a function whose results are kept, and a struct of its name that forgets them.

use crate::{
    cached::{duration, options},
    function::{Errors, Function},
    paths::Ext,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    FnArg, GenericParam, Pat, PatType, ReturnType, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    spanned::Spanned,
};

/// What stands in the brackets.
#[derive(Default)]
struct Options {
    timeout: Option<TokenStream>,
    /// For how long a result that has run out is given while the next is made.
    stale: Option<TokenStream>,
    /// Arguments that the result does not depend on.
    ignored: Vec<Ident>,
}

const OPTIONS: &str = "`timeout`, `stale_while_revalidate`, `ignore(…)`";

impl Options {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut this = Options::default();
        options(input, |key, input| {
            match key.to_string().as_str() {
                "timeout" => this.timeout = Some(duration(key, input)?),
                "stale_while_revalidate" => this.stale = Some(duration(key, input)?),
                "ignore" => {
                    let content;
                    if !input.peek(syn::token::Paren) {
                        return Err(syn::Error::new_spanned(
                            key,
                            "arguments that the result does not depend on are named like this: `ignore(db)`",
                        ));
                    }
                    parenthesized!(content in input);
                    let names =
                        Punctuated::<Ident, Token![,]>::parse_terminated_with(&content, Ident::parse_any)?;
                    this.ignored.extend(names);
                }
                _ => {
                    return Err(syn::Error::new_spanned(
                        key,
                        format!("`{key}` is no option of `#[memoize]`; there are {OPTIONS}"),
                    ));
                }
            }
            Ok(())
        })?;
        Ok(this)
    }
}

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let generated = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => read(args, &function),
        Err(error) => Err(syn::Error::new(error.span(), format!("`#[memoize]` goes on a function: {error}"))),
    };
    generated.unwrap_or_else(|error| {
        let error = error.to_compile_error();
        quote!(#item #error)
    })
}

fn read(args: TokenStream, function: &Function) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let options = Options::read.parse2(args).unwrap_or_else(|error| {
        errors.add(error);
        Options::default()
    });
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        errors.push(sig.fn_token, "what is kept may have to be waited for: write `async fn`");
    }
    if matches!(sig.output, ReturnType::Default) {
        errors.push(&sig.ident, "there is nothing to keep: return a `Result` of a value");
    }
    if let Some(param) = sig.generics.params.iter().find(|p| !matches!(p, GenericParam::Lifetime(_))) {
        errors.push(param, "a memoized function cannot be generic: results of all types would have one key");
    }
    let arguments = arguments(function, &mut errors);
    for name in &options.ignored {
        if !arguments.iter().any(|(argument, _)| argument == name) {
            errors.push(name, format!("`{}` has no argument `{name}`", sig.ident));
        }
    }
    if options.stale.is_some() {
        for (name, typed) in &arguments {
            if let Type::Reference(reference) = &*typed.ty
                && reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
            {
                let advice = "the next result is made when the caller is gone";
                errors.push(
                    &typed.ty,
                    format!("with `stale_while_revalidate` `{name}` has to be an owned value: {advice}"),
                );
            }
        }
    }
    let tokens = tokens(function, &options, &arguments);
    errors.finish(tokens)
}

/// The arguments by their names.
fn arguments<'a>(function: &'a Function, errors: &mut Errors) -> Vec<(Ident, &'a PatType)> {
    let mut arguments = Vec::new();
    for input in &function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => errors.push(
                receiver,
                "a memoized function cannot be a method: take what the result depends on as an argument",
            ),
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(pattern) if pattern.subpat.is_none() && pattern.by_ref.is_none() => {
                    arguments.push((pattern.ident.clone(), typed));
                }
                pattern => errors.push(pattern, "an argument of a memoized function has a name"),
            },
        }
    }
    arguments
}

fn tokens(function: &Function, options: &Options, arguments: &[(Ident, &PatType)]) -> TokenStream {
    let (attrs, vis, sig, body) = (&function.attrs, &function.vis, &function.sig, function.body());
    let (name, output, generics) = (&sig.ident, &sig.output, &sig.generics);
    let (key_of, forget, forget_all) = (Ext::MemoKey, Ext::ForgetMemoized, Ext::ForgetAllMemoized);
    let counted: Vec<&(Ident, &PatType)> =
        arguments.iter().filter(|(argument, _)| !options.ignored.contains(argument)).collect();
    let names: Vec<&Ident> = counted.iter().map(|(argument, _)| argument).collect();
    let types = counted.iter().map(|(_, typed)| &typed.ty);
    let values = match names.as_slice() {
        [] => quote!([(); 0]),
        names => quote!((#(&#names,)*)),
    };
    let key = Ident::new("key", Span::mixed_site());
    let timeout = match &options.timeout {
        Some(timeout) => quote!(::core::option::Option::Some(#timeout)),
        None => quote!(::core::option::Option::None),
    };
    let make = format_ident!("__{}_itself", name.unraw());
    let all: Vec<&Ident> = arguments.iter().map(|(argument, _)| argument).collect();
    let call = match &options.stale {
        Some(stale) => {
            let memoized = Ext::MemoizedStale.at(output.span());
            quote_spanned!(output.span()=> #memoized(#key, #timeout, #stale, move || #make(#(#all),*)).await)
        }
        None => {
            let memoized = Ext::Memoized.at(output.span());
            quote_spanned!(output.span()=> #memoized(#key, #timeout, async move || #make(#(#all),*).await).await)
        }
    };
    // The function itself, under a name that nobody knows; the one before it only hands its arguments on.
    let mut inner = sig.clone();
    inner.ident = make;
    let mut outer = sig.clone();
    for input in &mut outer.inputs {
        if let FnArg::Typed(typed) = input
            && let Pat::Ident(pattern) = &mut *typed.pat
        {
            pattern.mutability = None;
        }
    }
    let cfgs = function.cfgs();
    let title = format!("Forgets results of [`{name}`](fn@{name}).");
    quote! {
        #(#attrs)*
        #vis #outer {
            #inner #body
            let #key = #key_of::<#name>(&#values);
            #call
        }

        #cfgs
        #[doc = #title]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}

        #cfgs
        #[allow(dead_code, clippy::needless_pass_by_value, clippy::ptr_arg)]
        impl #name {
            /// Forgets the result for these arguments.
            #vis async fn forget #generics (#(#names: #types),*) {
                #forget(#key_of::<#name>(&#values)).await;
            }

            /// Forgets the results for all arguments.
            #vis async fn forget_all() {
                #forget_all::<#name>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(args: TokenStream, item: TokenStream) -> Vec<String> {
        let function = syn::parse2::<Function>(item).unwrap();
        let errors = read(args, &function).err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let item = quote! { fn sum<T>(self, (a, b): (u8, u8)) {} };
        assert_eq!(errors(quote!(timeout = 60, ignore(c)), item).len(), 6);
        let good = quote! { async fn sum(a: u8) -> Result<u8> { Ok(a) } };
        assert_eq!(errors(quote!(timeout = 60, ignore(a)), good.clone()), Vec::<String>::new());
        assert_eq!(
            errors(quote!(seconds = 60), good),
            [format!("`seconds` is no option of `#[memoize]`; there are {OPTIONS}")]
        );
    }

    #[test]
    fn a_function_with_mistakes_is_given_back_unchanged() {
        let item = quote! { fn sum(a: u8) -> u8 { body!() } };
        assert!(expand(quote!(), item.clone()).to_string().starts_with(&item.to_string()));
    }

    #[test]
    fn arguments_that_are_ignored_are_not_in_the_key() {
        let item = quote! { async fn sum(db: Db, mut a: u8) -> Result<u8> { Ok(a) } };
        let text = expand(quote!(ignore(db)), item).to_string();
        assert_eq!(text.matches("memo_key :: < sum > (& (& a ,))").count(), 2, "{text}");
        assert!(text.contains("async fn forget (a : u8)"), "{text}");
    }
}
