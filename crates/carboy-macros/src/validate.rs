//! `#[derive(Validate)]`: rules about what serde read.

use crate::{
    paths::Ext,
    rules::{self, Rule, nearest, option_of},
};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, DeriveInput, Expr, LitStr, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// One entry of `#[validate(…)]`.
enum Entry {
    Rule(Rule),
    Nested(Ident),
    Each(Vec<Rule>, Ident),
}

fn entries(input: ParseStream<'_>) -> syn::Result<Vec<Entry>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        let word = ahead.call(Ident::parse_any)?;
        if word == "nested" {
            all.push(Entry::Nested(input.call(Ident::parse_any)?));
        } else if word == "each" {
            let name = input.call(Ident::parse_any)?;
            let content;
            parenthesized!(content in input);
            all.push(Entry::Each(rules::parse_all(&content)?, name));
        } else {
            all.push(Entry::Rule(input.parse()?));
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(all)
}

/// The names that serde reads.
#[derive(Default)]
struct Serde {
    rename: Option<String>,
    rename_all: Option<String>,
    flatten: bool,
    skip: bool,
}

impl Serde {
    /// What an attribute says that matters here; serde itself reports what is wrong with it.
    fn of(attrs: &[Attribute]) -> Self {
        let mut found = Serde::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            let _ = attr.parse_nested_meta(|meta| {
                let text = |meta: &syn::meta::ParseNestedMeta<'_>| -> syn::Result<Option<String>> {
                    if meta.input.peek(syn::token::Paren) {
                        // `rename(deserialize = "…")`
                        let mut name = None;
                        meta.parse_nested_meta(|inner| {
                            let value: LitStr = inner.value()?.parse()?;
                            if inner.path.is_ident("deserialize") {
                                name = Some(value.value());
                            }
                            Ok(())
                        })?;
                        return Ok(name);
                    }
                    let value: LitStr = meta.value()?.parse()?;
                    Ok(Some(value.value()))
                };
                if meta.path.is_ident("rename") {
                    found.rename = text(&meta)?;
                } else if meta.path.is_ident("rename_all") {
                    found.rename_all = text(&meta)?;
                } else if meta.path.is_ident("flatten") {
                    found.flatten = true;
                } else if meta.path.is_ident("skip") || meta.path.is_ident("skip_deserializing") {
                    found.skip = true;
                } else if meta.input.peek(Token![=]) {
                    let _: Expr = meta.value()?.parse()?;
                } else if meta.input.peek(syn::token::Paren) {
                    let content;
                    parenthesized!(content in meta.input);
                    let _: TokenStream = content.parse()?;
                }
                Ok(())
            });
        }
        found
    }
}

/// A field's name by serde's rules of case.
fn renamed(name: &str, case: Option<&str>) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    let words: Vec<&str> = name.split('_').collect();
    match case {
        Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_uppercase(),
        Some("PascalCase") => words.iter().map(|word| capital(word)).collect(),
        Some("camelCase") => {
            let pascal: String = words.iter().map(|word| capital(word)).collect();
            let mut chars = pascal.chars();
            chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
        }
        Some("kebab-case") => name.replace('_', "-"),
        Some("SCREAMING-KEBAB-CASE") => name.to_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}

/// Expands `#[derive(Validate)]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    derive(&input).unwrap_or_else(|error| error.to_compile_error())
}

/// A collection by its name: its length is asked for, not its value.
fn is_collection(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| {
        ["Vec", "HashMap", "BTreeMap", "HashSet", "BTreeSet"].iter().any(|name| last.ident == name)
    })
}

fn chain(rules: &[Rule], ty: &Type, place: &TokenStream) -> TokenStream {
    let (value, length, invalid) = (Ext::Value, Ext::Length, Ext::Invalid);
    let steps = rules.iter().map(|rule| {
        let span = rule.name.span();
        if let Some(function) = rule.function() {
            let message =
                rule.message().map(|message| quote_spanned!(message.span()=> .map_err(|_| #message)));
            return quote_spanned! {function.span()=>
                chain.custom(|| (#function)(#place) #message .map_err(#invalid));
            };
        }
        let expanded = rule.expand();
        if rule.is_length() && is_collection(ty) {
            return quote_spanned!(span=> chain.length(#length::count(#place), &#expanded););
        }
        quote_spanned! {span=> chain.rule(
            &<#value as ::core::convert::From<#ty>>::from(::core::clone::Clone::clone(#place)),
            &#expanded,
        );}
    });
    quote!(#(#steps)*)
}

fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = rules::named_fields(input, "Validate")?;
    let container = Serde::of(&input.attrs);
    let (validate, report, value, length) = (Ext::Validate, Ext::Report, Ext::Value, Ext::Length);
    let mut whole = Vec::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("validate")) {
        attr.parse_args_with(|input: ParseStream<'_>| {
            let name = input.call(Ident::parse_any)?;
            if name != "function" {
                return Err(syn::Error::new(
                    name.span(),
                    "on a struct stands `#[validate(function = path)]`",
                ));
            }
            input.parse::<Token![=]>()?;
            let function: Expr = input.parse()?;
            whole.push(quote_spanned!(function.span()=> (#function)(self, report);));
            Ok(())
        })?;
    }
    let names: Vec<String> =
        fields.iter().filter_map(|f| Some(f.ident.as_ref()?.unraw().to_string())).collect();
    let mut checks = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let mut all = Vec::new();
        for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("validate")) {
            let found = attr.meta.require_list().and_then(|list| entries.parse2(list.tokens.clone()));
            match (found, &mut errors) {
                (Ok(found), _) => all.extend(found),
                (Err(error), Some(errors)) => errors.combine(error),
                (Err(error), none) => *none = Some(error),
            }
        }
        let serde = Serde::of(&field.attrs);
        if all.is_empty() || serde.skip {
            continue;
        }
        let name = serde
            .rename
            .clone()
            .unwrap_or_else(|| renamed(&ident.unraw().to_string(), container.rename_all.as_deref()));
        let inner = option_of(&field.ty);
        let ty = inner.unwrap_or(&field.ty);
        let mut own = Vec::new();
        let mut others = Vec::new();
        let mut rest = Vec::new();
        for entry in all {
            match entry {
                Entry::Rule(rule) => {
                    if let Some(other) = rule.other_field() {
                        match names.iter().find(|name| **name == other.value()) {
                            Some(_) => others.push(other),
                            None => {
                                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                                let hint = match nearest(&other.value(), &known) {
                                    Some(near) => format!("; did you mean `{near}`?"),
                                    None => String::new(),
                                };
                                let error = syn::Error::new(
                                    other.span(),
                                    format!("the struct has no field `{}`{hint}", other.value()),
                                );
                                match &mut errors {
                                    Some(errors) => errors.combine(error),
                                    none => *none = Some(error),
                                }
                            }
                        }
                    }
                    own.push(rule);
                }
                Entry::Nested(word) => {
                    let validate = validate.at(word.span());
                    rest.push(quote_spanned!(field.ty.span()=> #validate::validate_into(value, report);));
                }
                Entry::Each(rules, word) => {
                    let Some(item) = item_of(ty) else {
                        let error = syn::Error::new(
                            word.span(),
                            "`each(…)` is for lists and maps: `Vec<T>`, `HashMap<String, T>`, …",
                        );
                        match &mut errors {
                            Some(errors) => errors.combine(error),
                            none => *none = Some(error),
                        }
                        continue;
                    };
                    let steps = chain(&rules, item, &quote!(item));
                    rest.push(quote! {
                        for (segment, item) in #length::each(value) {
                            report.within(&segment, |report| {
                                let other = |_: &str| ::core::option::Option::None;
                                let mut chain = report.chain(&other);
                                #steps
                            });
                        }
                    });
                }
            }
        }
        let required =
            own.iter().find(|rule| rule.is_requirement() && rule.name != "optional").map(Rule::expand);
        let steps = chain(&own, ty, &quote!(value));
        let other_idents = others.iter().map(|other| Ident::new(&other.value(), other.span()));
        let other = quote! {
            let other = |name: &str| match name {
                #(#others => ::core::option::Option::Some(#value::from(::core::clone::Clone::clone(&self.#other_idents))),)*
                _ => ::core::option::Option::None,
            };
        };
        let own = (!own.is_empty()).then(|| {
            quote! {{
                #other
                let mut chain = report.chain(&other);
                #steps
            }}
        });
        let body = quote!(#own #(#rest)*);
        let body = match inner {
            Some(_) => {
                let missing = required.map(|rule| {
                    quote! {
                        let other = |_: &str| ::core::option::Option::None;
                        report.chain(&other).rule(&#value::None, &#rule);
                    }
                });
                quote! {
                    match &self.#ident {
                        ::core::option::Option::Some(value) => { #body }
                        ::core::option::Option::None => { #missing }
                    }
                }
            }
            None => quote!({ let value = &self.#ident; #body }),
        };
        checks.push(match serde.flatten {
            true => body,
            false => quote!(report.within(#name, |report| { #body });),
        });
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #validate for #ident #type_generics #where_clause {
            fn validate_into(&self, report: &mut #report) {
                #(#checks)*
                #(#whole)*
            }
        }
    })
}

/// What a list or a map holds.
fn item_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match last.ident.to_string().as_str() {
        "Vec" | "HashSet" | "BTreeSet" => types.next(),
        "HashMap" | "BTreeMap" => types.nth(1),
        _ => None,
    }
}
