//! `#[command]`: a function as a command of the app's own command line.

use crate::{
    function::{Argument, Errors, Function, doc_of},
    paths::Path,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    FnArg, Lit, LitChar, LitStr, PathArguments, Token, Type,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// Expands `#[command]`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = syn::Error::new(error.span(), format!("`#[command]` goes on a function: {error}"));
            let error = error.to_compile_error();
            return quote!(#item #error);
        }
    };
    let generated = read(args, &function);
    // What describes an argument is for this macro alone: rustc accepts no such attributes there.
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(typed) = input {
            typed.attrs.retain(|attr| !attr.path().is_ident("arg") && !attr.path().is_ident("doc"));
        }
    }
    match generated {
        Ok(generated) => quote!(#function #generated),
        Err(error) => {
            let error = error.to_compile_error();
            let stand_in = stand_in(&function);
            quote!(#function #error #stand_in)
        }
    }
}

/// What stands in for the struct while the function has mistakes, so that `commands![]` does not add errors of its own.
fn stand_in(function: &Function) -> TokenStream {
    if function.sig.receiver().is_some() {
        return TokenStream::new();
    }
    let (cfgs, vis, name) = (function.cfgs(), &function.vis, &function.sig.ident);
    let (command, command_def) = (Path::Command, Path::CommandDef);
    quote! {
        #cfgs
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}
        #cfgs
        impl #command for #name {
            fn def() -> #command_def { ::core::panic!("this command does not compile") }
        }
    }
}

fn read(args: TokenStream, function: &Function) -> syn::Result<TokenStream> {
    let name = name_of(args)?;
    let mut errors = Errors::default();
    let mut arguments = Vec::new();
    for argument in function.arguments("a command")? {
        match CommandArgument::new(argument) {
            Ok(argument) => arguments.push(argument),
            Err(error) => errors.add(error),
        }
    }
    let positional = arguments.iter().filter(|arg| !arg.named);
    for pair in positional.clone().collect::<Vec<_>>().windows(2) {
        if pair[0].shape == Shape::Many {
            errors.push(&pair[0].ty, "the `Vec` takes everything that follows: it is the last positional argument, or `#[arg(long)]`");
        } else if !pair[0].required() && pair[1].required() {
            errors.push(&pair[1].ty, "a required positional argument cannot follow an optional one: give it a `default`, or `#[arg(long)]`");
        }
    }
    let arguments = errors.finish(arguments)?;
    Ok(tokens(name, function, &arguments))
}

fn tokens(name: Option<String>, function: &Function, arguments: &[CommandArgument]) -> TokenStream {
    let ident = &function.sig.ident;
    let name = name.unwrap_or_else(|| kebab(&ident.unraw().to_string()));
    let (cfgs, vis) = (function.cfgs(), &function.vis);
    let doc = function.doc();
    let about = doc.lines().next().unwrap_or_default().to_owned();
    let (command, command_def, vec, path_box) = (Path::Command, Path::CommandDef, Path::Vec, Path::Box);
    let title = format!("The command `{name}`, for `commands![]`.");
    let defs = arguments.iter().map(CommandArgument::def);
    let mixed = Span::mixed_site();
    let args = Ident::new("args", mixed);
    let locals: Vec<Ident> =
        (0..arguments.len()).map(|index| Ident::new(&format!("argument{index}"), mixed)).collect();
    let values = arguments.iter().map(|argument| argument.value(&args));
    let returned = function.return_span();
    let call_name = Ident::new(&ident.to_string(), returned);
    let finish = Path::FinishCommand.at(returned);
    let call = quote_spanned!(returned=> #call_name(#(#locals),*));
    let call = match function.sig.asyncness {
        Some(_) => quote_spanned!(returned=> #call.await),
        None => call,
    };
    quote! {
        #cfgs
        #[doc = #title]
        #[allow(non_camel_case_types)]
        #vis struct #ident {}

        #cfgs
        const _: () = {
            #[automatically_derived]
            impl #command for #ident {
                fn def() -> #command_def {
                    // Counts as a use of the struct.
                    let _ = #ident {};
                    #command_def::new(#name, #about, #doc, #vec::from([#(#defs),*]), |#args| #path_box::pin(async move {
                        #(let #locals = #values?;)*
                        #finish(#call)
                    }))
                }
            }
        };
    }
}

/// `name = "…"` in the brackets of `#[command]`.
fn name_of(args: TokenStream) -> syn::Result<Option<String>> {
    let parser = |input: ParseStream<'_>| {
        if input.is_empty() {
            return Ok(None);
        }
        let key: Ident = input.parse()?;
        if key != "name" {
            return Err(syn::Error::new_spanned(key, "`#[command]` takes `name = \"…\"` and nothing else"));
        }
        input.parse::<Token![=]>()?;
        let name: LitStr = input.parse()?;
        Ok(Some(name.value()))
    };
    parser.parse2(args)
}

/// What an argument holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Flag,
    One,
    Maybe,
    Many,
}

struct CommandArgument {
    name: String,
    ty: Type,
    shape: Shape,
    /// `--name value` instead of a position.
    named: bool,
    short: Option<char>,
    default: Option<String>,
    help: String,
}

impl CommandArgument {
    fn new(argument: Argument) -> syn::Result<Self> {
        let Some(name) = &argument.name else {
            return Err(syn::Error::new_spanned(
                &argument.ty,
                "an argument of a command has a name: it is shown to the user",
            ));
        };
        let shape = shape_of(&argument.ty);
        let name = name.unraw().to_string();
        let name = kebab(name.trim_start_matches('_'));
        let help = doc_of(&argument.attrs);
        let mut this = CommandArgument {
            name,
            ty: argument.ty,
            shape,
            named: shape == Shape::Flag,
            short: None,
            default: None,
            help,
        };
        for attr in argument.attrs.iter().filter(|attr| attr.path().is_ident("arg")) {
            attr.parse_args_with(|input: ParseStream<'_>| this.options(input))?;
        }
        if this.default.is_some() && this.shape != Shape::One {
            return Err(syn::Error::new_spanned(
                &this.ty,
                "only an argument that takes exactly one value has a default",
            ));
        }
        Ok(this)
    }

    fn options(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "long" => self.named = true,
                "short" => {
                    input.parse::<Token![=]>()?;
                    self.short = Some(input.parse::<LitChar>()?.value());
                    self.named = true;
                }
                "name" => {
                    input.parse::<Token![=]>()?;
                    self.name = input.parse::<LitStr>()?.value();
                }
                "default" => {
                    input.parse::<Token![=]>()?;
                    self.default = Some(literal(input)?);
                }
                _ => {
                    return Err(syn::Error::new_spanned(
                        key,
                        "`#[arg(…)]` takes `long`, `short = 'n'`, `name = \"…\"` and `default = …`",
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn required(&self) -> bool {
        self.shape == Shape::One && self.default.is_none()
    }

    fn def(&self) -> TokenStream {
        let command_arg = Path::CommandArg;
        let (name, help) = (&self.name, &self.help);
        let make = match self.shape {
            Shape::Flag => quote!(flag),
            Shape::Many => quote!(many),
            Shape::One | Shape::Maybe => quote!(one),
        };
        let mut tokens = quote!(#command_arg::#make(#name));
        if self.named {
            tokens.extend(quote!(.long()));
        }
        if let Some(short) = self.short {
            tokens.extend(quote!(.short(#short)));
        }
        if self.required() {
            tokens.extend(quote!(.required()));
        }
        if let Some(default) = &self.default {
            tokens.extend(quote!(.default(#default)));
        }
        if !help.is_empty() {
            tokens.extend(quote!(.help(#help)));
        }
        tokens
    }

    fn value(&self, args: &Ident) -> TokenStream {
        let (name, span) = (&self.name, self.ty.span());
        let read = match self.shape {
            Shape::Flag => quote_spanned!(span=> flag),
            Shape::Many => quote_spanned!(span=> values),
            Shape::One => quote_spanned!(span=> value),
            Shape::Maybe => quote_spanned!(span=> optional),
        };
        quote!(#args.#read(#name))
    }
}

/// The text of a literal, as the user would have typed it.
fn literal(input: ParseStream<'_>) -> syn::Result<String> {
    let minus = input.parse::<Option<Token![-]>>()?.map_or("", |_| "-");
    let literal: Lit = input.parse()?;
    let text = match &literal {
        Lit::Str(text) => text.value(),
        Lit::Int(number) => number.base10_digits().to_owned(),
        Lit::Float(number) => number.base10_digits().to_owned(),
        Lit::Char(char) => char.value().to_string(),
        Lit::Bool(truth) => truth.value().to_string(),
        _ => {
            return Err(syn::Error::new_spanned(
                literal,
                "a default is a string, a number, `true` or `false`",
            ));
        }
    };
    Ok(format!("{minus}{text}"))
}

fn shape_of(ty: &Type) -> Shape {
    let Type::Path(path) = ty else { return Shape::One };
    let Some(last) = path.path.segments.last() else { return Shape::One };
    match (last.ident.to_string().as_str(), &last.arguments) {
        ("bool", PathArguments::None) => Shape::Flag,
        ("Option", PathArguments::AngleBracketed(_)) => Shape::Maybe,
        ("Vec", PathArguments::AngleBracketed(_)) => Shape::Many,
        _ => Shape::One,
    }
}

/// `init_db` as a command is called: `init-db`.
fn kebab(name: &str) -> String {
    name.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string()
    }

    #[test]
    fn attributes_of_arguments_do_not_reach_the_compiler() {
        let text =
            expanded(quote! { fn seed(#[arg(long, default = 3)] rows: u32, #[doc = " All."] all: bool) {} });
        assert!(text.starts_with("fn seed (rows : u32 , all : bool) { }"), "{text}");
        assert!(text.contains(r#"one ("rows") . long () . default ("3")"#), "{text}");
        assert!(text.contains(r#"flag ("all") . long () . help ("All.")"#), "{text}");
    }

    #[test]
    fn a_command_is_called_like_its_function_with_hyphens() {
        assert!(expanded(quote! { fn init_db() {} }).contains(r#""init-db""#));
    }

    #[test]
    fn the_first_line_of_the_comment_says_what_the_command_is_about() {
        let text = expanded(quote! { #[doc = " Clears."] #[doc = " And more."] fn clear() {} });
        assert!(text.contains(r#"new ("clear" , "Clears." , "Clears.\nAnd more.""#), "{text}");
    }

    #[test]
    fn a_list_stands_last() {
        assert!(expanded(quote! { fn f(a: Vec<String>, b: String) {} }).contains("compile_error"));
        assert!(
            !expanded(quote! { fn f(#[arg(long)] a: Vec<String>, b: String) {} }).contains("compile_error")
        );
    }

    #[test]
    fn a_required_argument_cannot_follow_an_optional_one() {
        assert!(expanded(quote! { fn f(a: Option<u8>, b: u8) {} }).contains("compile_error"));
    }
}
