//! `#[derive(Form)]`: a struct as a form.

use crate::{
    paths::Ext,
    rules::{self, Rule, nearest, option_of, vec_of},
};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, DeriveInput, Expr, ExprArray, ExprLit, ExprPath, Lit, LitStr, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// The widgets by the words that stand for them.
const WIDGETS: &[(&str, &str)] = &[
    ("text", "Text"),
    ("password", "Password"),
    ("hidden", "Hidden"),
    ("checkbox", "Checkbox"),
    ("file", "File"),
    ("files", "Files"),
    ("submit", "Submit"),
    ("button", "Button"),
    ("textarea", "TextArea"),
    ("select", "Select"),
    ("select_multiple", "SelectMultiple"),
    ("search", "Search"),
    ("tel", "Tel"),
    ("url", "Url"),
    ("email", "Email"),
    ("color", "Color"),
    ("date", "Date"),
    ("month", "Month"),
    ("week", "Week"),
    ("time", "Time"),
    ("datetime", "DateTime"),
    ("datetime_local", "DateTimeLocal"),
    ("number", "Number"),
    ("range", "Range"),
    ("radio", "Radio"),
    ("checkboxes", "Checkboxes"),
    ("list", "List"),
    ("ordered_list", "OrderedList"),
    ("table", "Table"),
];

/// The options of `#[field(…)]`.
const OPTIONS: &[&str] = &[
    "label",
    "description",
    "id",
    "widget",
    "validate",
    "filter",
    "default",
    "choices",
    "attr",
    "format",
    "formats",
    "places",
    "min_entries",
    "max_entries",
    "entry",
    "validate_choice",
    "invalid_value_message",
    "invalid_choice_message",
    "no_obj",
];

/// The directives of dates and times.
const DIRECTIVES: &str = "dfHjmMSwWyY%";

/// What `#[field(…)]` says.
#[derive(Default)]
struct Options {
    /// Calls of the builder, in the order in which they have to come.
    calls: Vec<(u8, TokenStream)>,
    rules: Vec<Rule>,
    seen: Vec<String>,
    no_obj: bool,
}

impl Options {
    fn parse(&mut self, input: ParseStream<'_>, ty: &Type) -> syn::Result<()> {
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            let word = name.to_string();
            if !OPTIONS.contains(&word.as_str()) {
                let hint = match nearest(&word, OPTIONS) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None => String::new(),
                };
                let list = OPTIONS.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
                return Err(syn::Error::new(
                    name.span(),
                    format!("`#[field(…)]` has no option `{word}`{hint}\nthe options are {list}"),
                ));
            }
            if self.seen.contains(&word) && !matches!(word.as_str(), "validate" | "filter" | "attr") {
                return Err(syn::Error::new(name.span(), format!("`{word}` is given twice")));
            }
            self.seen.push(word.clone());
            self.option(&word, &name, input, ty)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn option(&mut self, word: &str, name: &Ident, input: ParseStream<'_>, ty: &Type) -> syn::Result<()> {
        let brackets = |what: &str| {
            let content;
            if !input.peek(syn::token::Paren) {
                return Err(syn::Error::new(name.span(), format!("`{word}` has brackets: `{word}({what})`")));
            }
            parenthesized!(content in input);
            let tokens: TokenStream = content.parse()?;
            Ok(tokens)
        };
        match word {
            "no_obj" => self.no_obj = true,
            "validate" => {
                let tokens = brackets("email, length(min = 3)")?;
                self.rules.extend(rules::parse_all.parse2(tokens)?);
            }
            "filter" => {
                let tokens = brackets("strip")?;
                let paths =
                    syn::punctuated::Punctuated::<ExprPath, Token![,]>::parse_terminated.parse2(tokens)?;
                for path in paths {
                    let own = path
                        .path
                        .get_ident()
                        .is_some_and(|name| ["strip", "lower", "upper"].iter().any(|f| name == f));
                    let (filters, span) = (Ext::Filters, path.span());
                    let path = if own { quote!(#filters::#path) } else { path.to_token_stream() };
                    self.calls.push((2, quote_spanned!(span=> .filter(#path))));
                }
            }
            "attr" => {
                let tokens = brackets("class = \"wide\"")?;
                (|input: ParseStream<'_>| {
                    while !input.is_empty() {
                        let (key, span) = match input.peek(LitStr) {
                            true => {
                                let key: LitStr = input.parse()?;
                                (key.value(), key.span())
                            }
                            false => {
                                let key = input.call(Ident::parse_any)?;
                                (key.unraw().to_string(), key.span())
                            }
                        };
                        let value = if input.peek(Token![=]) {
                            input.parse::<Token![=]>()?;
                            input.parse::<Expr>()?.to_token_stream()
                        } else {
                            quote!(true)
                        };
                        self.calls.push((2, quote_spanned!(span=> .attr(#key, #value))));
                        if !input.is_empty() {
                            input.parse::<Token![,]>()?;
                        }
                    }
                    Ok(())
                })
                .parse2(tokens)?;
            }
            "entry" => {
                let tokens = brackets("label = \"…\", validate(…)")?;
                let Some(inner) = vec_of(option_of(ty).unwrap_or(ty)) else {
                    return Err(syn::Error::new(
                        name.span(),
                        "`entry(…)` is for a `Vec`: it says what each of its entries is",
                    ));
                };
                let mut options = Options::default();
                (|input: ParseStream<'_>| options.parse(input, inner)).parse2(tokens)?;
                let calls = options.expand(inner);
                self.calls.push((2, quote_spanned!(name.span()=> .entries(|field| field #calls))));
            }
            _ => {
                if !input.peek(Token![=]) {
                    return Err(syn::Error::new(
                        name.span(),
                        format!("`{word}` needs a value: `{word} = …`"),
                    ));
                }
                input.parse::<Token![=]>()?;
                let value: Expr = input.parse()?;
                self.value(word, name, value, ty)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, word: &str, name: &Ident, value: Expr, ty: &Type) -> syn::Result<()> {
        let span = name.span();
        let call = match word {
            "widget" => {
                let text = match &value {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text,
                    other => {
                        return Err(syn::Error::new(
                            other.span(),
                            "a widget is named by a text: `widget = \"textarea\"`",
                        ));
                    }
                };
                let found = WIDGETS.iter().find(|(known, _)| *known == text.value());
                let Some((_, variant)) = found else {
                    let all: Vec<&str> = WIDGETS.iter().map(|(known, _)| *known).collect();
                    let list = all.iter().map(|known| format!("\"{known}\"")).collect::<Vec<_>>().join(", ");
                    return Err(syn::Error::new(
                        text.span(),
                        format!("there is no widget \"{}\"; the widgets are {list}", text.value()),
                    ));
                };
                let (widget, variant) = (Ext::Widget, Ident::new(variant, text.span()));
                self.calls.push((1, quote_spanned!(span=> .widget(#widget::#variant))));
                return Ok(());
            }
            "default" => {
                let inner = option_of(ty).unwrap_or(ty);
                let field_type = Ext::FieldType;
                let text = matches!(&value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. }));
                let value =
                    if text { quote!(::std::string::String::from(#value)) } else { value.to_token_stream() };
                quote_spanned! {span=> .default({
                    let value: #inner = #value;
                    #field_type::write(&value)
                })}
            }
            "choices" => {
                self.calls.push((0, quote_spanned!(span=> .choices(#value))));
                return Ok(());
            }
            "format" | "formats" => {
                let list: Vec<&Expr> = match &value {
                    Expr::Array(ExprArray { elems, .. }) => elems.iter().collect(),
                    single => vec![single],
                };
                for item in list {
                    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = item {
                        check_format(text)?;
                    }
                }
                match &value {
                    Expr::Lit(_) => quote_spanned!(span=> .formats([#value])),
                    _ => quote_spanned!(span=> .formats(#value)),
                }
            }
            word => {
                let method = Ident::new(word, span);
                quote_spanned!(span=> .#method(#value))
            }
        };
        self.calls.push((2, call));
        Ok(())
    }

    /// The calls of the builder.
    fn expand(&mut self, ty: &Type) -> TokenStream {
        // Choices make another kind of field, and a widget may, too: what follows speaks about that one.
        self.calls.sort_by_key(|(order, _)| *order);
        let calls = self.calls.iter().map(|(_, call)| call);
        let inner = option_of(ty).unwrap_or(ty);
        let rules = self.rules.iter().map(|rule| {
            let rule = match rule.function() {
                Some(function) => custom(rule, function, inner),
                None => rule.expand(),
            };
            quote!(.rule(#rule))
        });
        quote!(#(#calls)* #(#rules)*)
    }
}

/// A function about the Rust value as a rule.
fn custom(rule: &Rule, function: &Expr, ty: &Type) -> TokenStream {
    let span = function.span();
    let (path, field_type, invalid) = (Ext::Rule.at(span), Ext::FieldType, Ext::Invalid);
    let message = rule.message().map(|message| quote_spanned!(message.span()=> .map_err(|_| #message)));
    quote_spanned! {span=> #path::custom(|value| match <#ty as #field_type>::read(value) {
        ::core::result::Result::Ok(value) => (#function)(&value) #message .map_err(#invalid),
        ::core::result::Result::Err(_) => ::core::result::Result::Ok(()),
    })}
}

fn check_format(text: &LitStr) -> syn::Result<()> {
    let format = text.value();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        chars.next_if_eq(&'-');
        match chars.next() {
            Some(directive) if DIRECTIVES.contains(directive) => {}
            Some(directive) => {
                let list = DIRECTIVES.chars().map(|d| format!("%{d}")).collect::<Vec<_>>().join(" ");
                return Err(syn::Error::new(
                    text.span(),
                    format!("`%{directive}` cannot stand in the format of a form's field; these can: {list}"),
                ));
            }
            None => return Err(syn::Error::new(text.span(), "the format ends with a lone `%`")),
        }
    }
    Ok(())
}

/// What `#[form(…)]` says.
#[derive(Default)]
struct FormOptions {
    validate: Option<Expr>,
    prefix: Option<Expr>,
    csrf: Option<Expr>,
    obj: Option<Type>,
}

impl FormOptions {
    fn parse(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            input.parse::<Token![=]>()?;
            match name.to_string().as_str() {
                "validate" => self.validate = Some(input.parse()?),
                "prefix" => self.prefix = Some(input.parse()?),
                "csrf" => self.csrf = Some(input.parse()?),
                "obj" => self.obj = Some(input.parse()?),
                word => {
                    return Err(syn::Error::new(
                        name.span(),
                        format!(
                            "`#[form(…)]` has no option `{word}`: the options are `validate`, `prefix`, `csrf`, `obj`"
                        ),
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }
}

/// What a struct's own templates would confuse with the form's.
const TAKEN: &[&str] = &["errors", "data", "form_errors", "hidden_tag"];

struct FieldParts<'i> {
    ident: &'i Ident,
    name: String,
    ty: &'i Type,
    options: Options,
}

fn field_parts(field: &syn::Field) -> syn::Result<FieldParts<'_>> {
    let ident = field.ident.as_ref().ok_or_else(|| syn::Error::new(field.span(), "the field has no name"))?;
    let name = ident.unraw().to_string();
    if TAKEN.contains(&name.as_str()) {
        let text = format!("a form has something of its own called `{name}`: give the field another name");
        return Err(syn::Error::new(ident.span(), text));
    }
    let mut options = Options::default();
    for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("field")) {
        attr.parse_args_with(|input: ParseStream<'_>| options.parse(input, &field.ty))?;
    }
    Ok(FieldParts { ident, name, ty: &field.ty, options })
}

/// Expands `#[derive(Form)]`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    derive(&input).unwrap_or_else(|error| error.to_compile_error())
}

fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new(input.generics.span(), "a form has no generic parameters"));
    }
    let fields = rules::named_fields(input, "Form")?;
    let mut form = FormOptions::default();
    for attr in input.attrs.iter().filter(|attr: &&Attribute| attr.path().is_ident("form")) {
        attr.parse_args_with(|input: ParseStream<'_>| form.parse(input))?;
    }
    let mut parts = Vec::new();
    let mut errors: Option<syn::Error> = None;
    let mut keep = |error: syn::Error| match &mut errors {
        Some(all) => all.combine(error),
        None => errors = Some(error),
    };
    for field in fields {
        match field_parts(field) {
            Ok(part) => parts.push(part),
            Err(error) => keep(error),
        }
    }
    let names: Vec<String> =
        fields.iter().filter_map(|f| Some(f.ident.as_ref()?.unraw().to_string())).collect();
    for other in parts.iter().flat_map(|part| &part.options.rules).filter_map(Rule::other_field) {
        if !names.contains(&other.value()) {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let hint = match nearest(&other.value(), &known) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            keep(syn::Error::new(other.span(), format!("the form has no field `{}`{hint}", other.value())));
        }
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    let ident = &input.ident;
    let (model, object, form_def, form_errors) =
        (Ext::FormModel, Ext::FormObject, Ext::FormDef, Ext::FormErrors);
    let (field_def, entries, unread, value) = (Ext::FieldDef, Ext::Entries, Ext::Unread, Ext::Value);
    let (kind, form_kind) = (Ext::Kind, Ext::FormKind);
    let definitions: Vec<TokenStream> = parts
        .iter_mut()
        .map(|part| {
            let (name, ty) = (&part.name, part.ty);
            let new = quote_spanned!(ty.span()=> #field_def::of::<#ty>(#name));
            let calls = part.options.expand(ty);
            quote!(.field(#new #calls))
        })
        .collect();
    let idents: Vec<&Ident> = parts.iter().map(|part| part.ident).collect();
    let keys: Vec<&String> = parts.iter().map(|part| &part.name).collect();
    let writes = parts.iter().map(|part| {
        let field_type = Ext::FieldType.at(part.ty.span());
        let ident = part.ident;
        quote_spanned!(part.ty.span()=> #field_type::write(&self.#ident))
    });
    let field_type = Ext::FieldType;
    let options = [
        form.prefix.as_ref().map(|prefix| quote!(.prefix(#prefix))),
        form.csrf.as_ref().map(|csrf| quote!(.csrf(#csrf))),
    ];
    let validate = form.validate.as_ref().map(|function| {
        quote_spanned! {function.span()=>
            fn validate_form(&self, errors: &mut #form_errors) {
                (#function)(self, errors)
            }
        }
    });
    let obj = form.obj.as_ref().map(|ty| {
        let shared: Vec<&FieldParts<'_>> = parts.iter().filter(|part| !part.options.no_obj).collect();
        let values = shared.iter().map(|part| {
            let (ident, name, span) = (part.ident, &part.name, ty.span());
            let ident = Ident::new(&ident.to_string(), span);
            let field_ty = part.ty;
            quote_spanned! {span=> (::std::string::String::from(#name), {
                let value: &#field_ty = &object.#ident;
                #field_type::write(value)
            })}
        });
        let writes = shared.iter().map(|part| {
            let ident = Ident::new(&part.ident.to_string(), ty.span());
            let own = part.ident;
            quote_spanned!(ty.span()=> object.#ident = self.#own;)
        });
        quote! {
            #[automatically_derived]
            impl #object<#ty> for #ident {
                fn values_of(object: &#ty) -> ::std::vec::Vec<(::std::string::String, #value)> {
                    ::std::vec![#(#values),*]
                }

                fn populate(self, object: &mut #ty) {
                    #(#writes)*
                }
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #model for #ident {
            fn definition() -> #form_def {
                #form_def::new() #(#options)* #(#definitions)*
            }

            fn from_values(values: &#entries<'_>) -> ::core::result::Result<Self, #unread> {
                ::core::result::Result::Ok(Self { #(#idents: values.read(#keys)?),* })
            }

            fn to_values(&self) -> ::std::vec::Vec<(::std::string::String, #value)> {
                ::std::vec![#((::std::string::String::from(#keys), #writes)),*]
            }

            #validate
        }

        #[automatically_derived]
        impl #field_type for #ident {
            fn kind() -> #kind {
                #form_kind(<Self as #model>::definition)
            }

            fn read(value: &#value) -> ::core::result::Result<Self, #unread> {
                <Self as #model>::from_values(&#entries::of(value))
            }

            fn write(&self) -> #value {
                #value::Map(<Self as #model>::to_values(self))
            }
        }

        #obj
    })
}
