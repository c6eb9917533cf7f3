//! `#[derive(Choices)]`: an enum whose variants can be chosen.

use crate::paths::Ext;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr, Token, ext::IdentExt, parse::ParseStream};

/// Expands `#[derive(Choices)]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    derive(&input).unwrap_or_else(|error| error.to_compile_error())
}

/// The words of a name in camel case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new(input.ident.span(), "`#[derive(Choices)]` is for enums"));
    };
    if data.variants.is_empty() {
        return Err(syn::Error::new(
            input.ident.span(),
            "there is nothing to choose: the enum has no variants",
        ));
    }
    let (choices, choice, field_type) = (Ext::Choices, Ext::Choice, Ext::FieldType);
    let (kind, value_path, unread) = (Ext::Kind, Ext::Value, Ext::Unread);
    let (choice_kind, choices_kind, read_choice) = (Ext::ChoiceKind, Ext::ChoicesKind, Ext::ReadChoice);
    let ident = &input.ident;
    let mut idents = Vec::new();
    let mut values: Vec<String> = Vec::new();
    let mut items = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new(variant.ident.span(), "a variant that can be chosen holds no data"));
        }
        let words = words(&variant.ident.unraw().to_string());
        let mut value = words.join("_").to_lowercase();
        let mut label = words.join(" ");
        let mut group: Option<LitStr> = None;
        for attr in variant.attrs.iter().filter(|attr| attr.path().is_ident("choice")) {
            attr.parse_args_with(|input: ParseStream<'_>| {
                while !input.is_empty() {
                    let name = input.call(Ident::parse_any)?;
                    input.parse::<Token![=]>()?;
                    let text: LitStr = input.parse()?;
                    match name.to_string().as_str() {
                        "value" => value = text.value(),
                        "label" => label = text.value(),
                        "group" => group = Some(text),
                        word => {
                            return Err(syn::Error::new(
                                name.span(),
                                format!("`#[choice(…)]` has no option `{word}`: the options are `value`, `label`, `group`"),
                            ));
                        }
                    }
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            })?;
        }
        if values.contains(&value) {
            return Err(syn::Error::new(
                variant.ident.span(),
                format!("two variants are sent as \"{value}\""),
            ));
        }
        let group = group.map(|group| quote!(.group(#group)));
        items.push(quote!(#choice::new(#value).label(#label) #group));
        idents.push(&variant.ident);
        values.push(value);
    }
    Ok(quote! {
        #[automatically_derived]
        impl #choices for #ident {
            fn choices() -> ::std::vec::Vec<#choice> {
                ::std::vec![#(#items),*]
            }

            fn value(&self) -> &'static str {
                match self { #(Self::#idents => #values),* }
            }

            fn from_value(value: &str) -> ::core::option::Option<Self> {
                match value {
                    #(#values => ::core::option::Option::Some(Self::#idents),)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        #[automatically_derived]
        impl #field_type for #ident {
            fn kind() -> #kind {
                #choice_kind()
            }

            fn choices() -> ::std::vec::Vec<#choice> {
                <Self as #choices>::choices()
            }

            fn list_kind() -> #kind {
                #choices_kind()
            }

            fn read(value: &#value_path) -> ::core::result::Result<Self, #unread> {
                #read_choice(value)
            }

            fn write(&self) -> #value_path {
                #value_path::Text(::std::string::String::from(#choices::value(self)))
            }
        }
    })
}
