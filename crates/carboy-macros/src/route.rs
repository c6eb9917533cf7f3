//! `#[route]` and its short forms: a function, and a struct of its name that knows where it is mounted.

use crate::{
    attribute::{self, RouteAttribute},
    cached::{Cached, is_cached},
    function::{Argument, Errors, Function, text_of},
    paths::Path,
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, Type, spanned::Spanned};

/// Expands one attribute called `name`; the others of its kind on the same function are read with it.
pub(crate) fn expand(name: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = syn::Error::new(error.span(), format!("`#[{name}]` goes on a function: {error}"));
            let error = error.to_compile_error();
            return quote!(#item #error);
        }
    };
    let (routes, rest): (Vec<_>, Vec<_>) =
        function.attrs.drain(..).partition(|attr| attribute::route_name(attr).is_some());
    let (cached, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_cached);
    function.attrs = rest;
    let generated = read(name, args, &routes, &cached, &function);
    match generated {
        Ok(generated) => quote!(#function #generated),
        Err(error) => {
            let stand_in = stand_in(&function);
            let error = error.to_compile_error();
            quote!(#function #error #stand_in)
        }
    }
}

fn read(
    name: &str,
    args: TokenStream,
    routes: &[syn::Attribute],
    cached: &[syn::Attribute],
    function: &Function,
) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let mut attributes = Vec::new();
    let others = routes
        .iter()
        .map(|attr| (attribute::route_name(attr).unwrap_or_default(), attribute::tokens_of(attr)));
    for (name, tokens) in [(name.to_owned(), Ok(args))].into_iter().chain(others) {
        match tokens.and_then(|tokens| RouteAttribute::parse(&name, tokens)) {
            Ok(attribute) => attributes.push(attribute),
            Err(error) => errors.add(error),
        }
    }
    if let Some(memoize) = function.attrs.iter().find(|attr| attr.path().is_ident("memoize")) {
        errors.push(
            memoize,
            "the answers of a view are kept by `#[cached]`: `#[memoize]` keeps what other functions return",
        );
    }
    let mut caches = Vec::new();
    for attr in cached {
        match Cached::parse(attr) {
            Ok(cached) => caches.push(cached),
            Err(error) => errors.add(error),
        }
    }
    let arguments = match function.arguments("a view") {
        Ok(arguments) => arguments,
        Err(error) => {
            errors.add(error);
            return errors.finish(TokenStream::new());
        }
    };
    let (attributes, caches) = errors.finish((attributes, caches))?;
    View::new(function, &attributes, &caches, arguments).map(|view| view.tokens())
}

/// What stands in for the struct while the function has mistakes, so that `routes![]` does not add errors of its own.
fn stand_in(function: &Function) -> TokenStream {
    if function.sig.receiver().is_some() {
        return TokenStream::new();
    }
    let (cfgs, vis, name) = (function.cfgs(), &function.vis, &function.sig.ident);
    let (route, route_def) = (Path::Route, Path::RouteDef);
    quote! {
        #cfgs
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #vis struct #name {}
        #cfgs
        impl #route for #name {
            fn def() -> #route_def { ::core::panic!("this view does not compile") }
        }
    }
}

/// A function with what is known about it.
struct View<'a> {
    function: &'a Function,
    attributes: &'a [RouteAttribute],
    /// What `#[cached]` says: nothing, or one.
    cached: Option<&'a Cached>,
    arguments: Vec<ViewArgument>,
    endpoint: String,
    blocking: bool,
    stream: bool,
    /// It keeps a connection.
    handler: bool,
}

struct ViewArgument {
    argument: Argument,
    /// The name of the URL parameter; `None` for an extractor.
    parameter: Option<String>,
}

impl<'a> View<'a> {
    fn new(
        function: &'a Function,
        attributes: &'a [RouteAttribute],
        caches: &'a [Cached],
        arguments: Vec<Argument>,
    ) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let mut endpoint = None;
        for name in attributes.iter().filter_map(|attribute| attribute.endpoint.as_ref()) {
            if endpoint.as_ref().is_some_and(|other| *other != name.value()) {
                errors.push(name, "all rules of a view share one name: write it once");
            }
            endpoint = Some(name.value());
        }
        let blocking = attributes.iter().find_map(|attribute| attribute.blocking.as_ref());
        if let (Some(word), Some(_)) = (blocking, &function.sig.asyncness) {
            errors.push(word, "an `async fn` is never blocking: remove `async`, or move the slow part into `carboy::blocking`");
        }
        let handler = attributes.iter().any(|attribute| attribute.handler);
        if handler && function.sig.asyncness.is_none() {
            errors.push(function.sig.fn_token, "a WebSocket handler waits for messages: write `async fn`");
        }
        if let Some(other) = attributes.iter().find(|attribute| handler && !attribute.handler) {
            errors.push(
                &other.rule,
                "a WebSocket handler has rules of `#[websocket]` alone: it answers no other request",
            );
        }
        if let Some(cached) = caches.first() {
            let gets = |attribute: &RouteAttribute| {
                attribute.methods.as_ref().is_none_or(|methods| methods.iter().any(|method| method == "GET"))
            };
            if handler {
                errors.push(&cached.path, "`#[cached]` means nothing for a WebSocket: remove it");
            } else if !attributes.iter().any(gets) {
                errors.push(
                    &cached.path,
                    "only answers to GET are kept, and this view has none: remove `#[cached]`",
                );
            }
        }
        if let Some(second) = caches.get(1) {
            errors.push(&second.path, "`#[cached]` is written twice");
        }
        let mut view_arguments: Vec<ViewArgument> =
            arguments.into_iter().map(|argument| ViewArgument { argument, parameter: None }).collect();
        let names = argument_names(&view_arguments);
        // `Path<T>` reads all parameters that have no argument of their own.
        let takes_all = view_arguments.iter().any(|argument| names_path(&argument.argument.ty));
        for attribute in attributes {
            let variables =
                attribute.variables.iter().map(|variable| (variable.name.as_str(), Some(variable)));
            let defaults = attribute.defaults.iter().map(|(name, _)| (name.to_string(), name));
            let outer = attribute.outer.iter().map(|name| (name.to_string(), name));
            for (name, variable) in variables {
                if !claim(&mut view_arguments, name) && !takes_all {
                    let text = variable.map_or(name, |variable| &variable.text);
                    errors.push(
                        &attribute.rule,
                        format!(
                            "the rule has the parameter `{text}`, but `{}` has no argument `{name}`{names}",
                            function.sig.ident,
                        ),
                    );
                }
            }
            for (name, ident) in defaults.chain(outer) {
                let name = name.trim_start_matches("r#");
                if !claim(&mut view_arguments, name) {
                    errors.push(ident, format!("`{}` has no argument `{name}`{names}", function.sig.ident));
                }
            }
        }
        for ViewArgument { argument, parameter } in &view_arguments {
            let Some(name) = parameter else { continue };
            for attribute in attributes {
                let given = attribute.variables.iter().any(|variable| variable.name == *name)
                    || attribute.defaults.iter().any(|(other, _)| other == name)
                    || attribute.outer.iter().any(|other| other == name);
                if !given && !is_option(&argument.ty) {
                    errors.push(&attribute.rule, format!(
                        "this rule gives no value for the argument `{name}`: add `defaults({name} = …)`, or take `Option<{}>`",
                        text_of(&argument.ty),
                    ));
                }
            }
        }
        let endpoint = endpoint.unwrap_or_else(|| syn::ext::IdentExt::unraw(&function.sig.ident).to_string());
        let stream = attributes.iter().any(|attribute| attribute.stream.is_some());
        let view = View {
            function,
            attributes,
            cached: caches.first(),
            arguments: view_arguments,
            endpoint,
            blocking: blocking.is_some(),
            stream,
            handler,
        };
        errors.finish(view)
    }

    fn tokens(&self) -> TokenStream {
        let name = &self.function.sig.ident;
        let (cfgs, vis) = (self.function.cfgs(), &self.function.vis);
        let (route, route_def, url_params, url_value, from_url, vec) =
            (Path::Route, Path::RouteDef, Path::UrlParams, Path::UrlValue, Path::FromUrl, Path::Vec);
        let (url_values, view_name) = (Path::UrlValues, name.to_string());
        let (endpoint, doc, stream) = (&self.endpoint, self.function.doc(), self.stream);
        let title = format!("The URL parameters of [`{name}`](fn@{name}), for `url_for!`.");
        let (parameters, types): (Vec<Ident>, Vec<&Type>) =
            self.parameters().map(|(parameter, argument)| (field(parameter), &argument.ty)).unzip();
        let names = self.parameters().map(|(parameter, _)| parameter);
        let count = parameters.len();
        let to_urls = types.iter().map(|ty| {
            let from_url = from_url.at(ty.span());
            quote_spanned!(ty.span()=> <#ty as #from_url>::to_url)
        });
        let rules = self.attributes.iter().map(|attribute| self.rule(attribute));
        let args = self.arguments.iter().map(ViewArgument::def);
        let checks = self.attributes.iter().flat_map(|attribute| self.checks(attribute));
        let guards = self.attributes.iter().flat_map(|attribute| &attribute.guards).map(|guard| {
            let make = Path::Guard.at(guard.span());
            quote_spanned!(guard.span()=> #make(#guard))
        });
        // Each is put around what is there, so the outermost comes last.
        let mut arounds: Vec<&Expr> =
            self.attributes.iter().flat_map(|attribute| &attribute.arounds).collect();
        arounds.reverse();
        let cached = self.cached.map(Cached::tokens).into_iter();
        let make = self.make();
        // The place of this call is what is known as the place of the view.
        let new = quote_spanned!(name.span()=> #route_def::new::<#name>);
        quote! {
            #cfgs
            #[doc = #title]
            #[allow(non_camel_case_types, missing_docs)]
            #vis struct #name { #(pub #parameters: #types),* }

            #cfgs
            const _: () = {
                #[automatically_derived]
                impl #route for #name {
                    fn def() -> #route_def {
                        // Counts as a use of the fields: a view is not dead because nothing links to it.
                        let _ = |#(#parameters: #types),*| #name { #(#parameters),* };
                        #new(
                            #endpoint,
                            #vec::from([#(#rules),*]),
                            #vec::from([#(#args),*]),
                            #stream,
                            #vec::from([#(#guards),*]),
                            (#doc, ::core::module_path!()),
                            #make,
                        )
                        #(.around(#cached))*
                        #(.around(#arounds))*
                    }
                }
                #[automatically_derived]
                impl #url_params for #name {
                    const NAME: &'static ::core::primitive::str = #view_name;
                    fn values(&self) -> #url_values {
                        let values: [(&'static ::core::primitive::str, #url_value); #count] =
                            [#((#names, #to_urls(&self.#parameters))),*];
                        #url_values::from(values)
                    }
                }
                #(#checks)*
            };
        }
    }

    /// The URL parameters in the order of the arguments.
    fn parameters(&self) -> impl Iterator<Item = (&str, &Argument)> {
        self.arguments.iter().filter_map(|arg| Some((arg.parameter.as_deref()?, &arg.argument)))
    }

    fn rule(&self, attribute: &RouteAttribute) -> TokenStream {
        let rule_def = Path::RuleDef;
        let rule = &attribute.rule;
        let mut fields = Vec::new();
        if let Some(methods) = &attribute.methods {
            fields.push(quote!(methods: ::core::option::Option::Some(&[#(#methods),*])));
        }
        if !attribute.defaults.is_empty() {
            let (from_url, vec) = (Path::FromUrl, Path::Vec);
            let pairs = attribute.defaults.iter().filter_map(|(name, value)| {
                let name = name.to_string();
                let name = name.trim_start_matches("r#");
                let (_, argument) = self.parameters().find(|(parameter, _)| *parameter == name)?;
                let value = url_arg(&argument.ty, value);
                Some(quote!((#name, #from_url::to_url(&#value))))
            });
            fields.push(quote!(defaults: #vec::from([#(#pairs),*])));
        }
        for (field, value) in [
            ("strict_slashes", &attribute.strict_slashes),
            ("merge_slashes", &attribute.merge_slashes),
            ("provide_automatic_options", &attribute.provide_automatic_options),
        ] {
            let field = format_ident!("{field}");
            fields.extend(value.iter().map(|value| quote!(#field: ::core::option::Option::Some(#value))));
        }
        for (field, value) in [
            ("subdomain", &attribute.subdomain),
            ("host", &attribute.host),
            ("redirect_to", &attribute.redirect_to),
        ] {
            let field = format_ident!("{field}");
            fields.extend(value.iter().map(|value| quote!(#field: ::core::option::Option::Some(#value))));
        }
        for (field, value) in [
            ("websocket", attribute.websocket),
            ("build_only", attribute.build_only),
            ("alias", attribute.alias),
        ] {
            let field = format_ident!("{field}");
            fields.extend(value.then(|| quote!(#field: true)));
        }
        if fields.is_empty() {
            quote!(#rule_def::new(#rule))
        } else {
            quote!(#rule_def { #(#fields,)* ..#rule_def::new(#rule) })
        }
    }

    /// Compile-time checks that the type of each parameter takes what its converter gives.
    fn checks(&self, attribute: &RouteAttribute) -> Vec<TokenStream> {
        let check = |variable: &crate::rule::Variable| {
            let (_, argument) = self.parameters().find(|(parameter, _)| *parameter == variable.name)?;
            let converter = variable.converter.as_deref().unwrap_or("default");
            let advice = advice(converter, &variable.name)?;
            let ty = &argument.ty;
            let text = text_of(ty);
            // Messages of constants are format strings.
            let message =
                format!("`{}` gives {advice}: the argument `{}` is `{text}`", variable.text, variable.name);
            let message = Literal::string(&message.replace('{', "{{").replace('}', "}}"));
            let span = ty.span();
            let accepts = Path::Accepts.at(span);
            Some(quote_spanned! {span=>
                const _: () = if !#accepts::<#ty>(#converter) { ::core::panic!(#message) };
            })
        };
        attribute.variables.iter().filter_map(check).collect()
    }

    /// The function that makes the callable view.
    fn make(&self) -> TokenStream {
        let (view, path_box) = (Path::View, Path::Box);
        let name = &self.function.sig.ident;
        let mixed = Span::mixed_site();
        let ctx = Ident::new("ctx", mixed);
        let returned = self.function.return_span();
        let call_name = Ident::new(&name.to_string(), returned);
        let respond = if self.handler { Path::Handled } else { Path::Respond }.at(returned);
        let locals: Vec<Ident> =
            (0..self.arguments.len()).map(|index| Ident::new(&format!("argument{index}"), mixed)).collect();
        let values = self.arguments.iter().map(|arg| arg.value(&ctx));
        let bind = quote!(#(let #locals = #values;)*);
        let call = quote_spanned!(returned=> #call_name(#(#locals),*));
        if self.function.sig.asyncness.is_some() {
            // Blamed on the view's name: what is not `Send` is a matter between the view and its awaits.
            let send = if self.handler { Path::SendHandler } else { Path::Send }.at(name.span());
            let future = Ident::new("future", mixed);
            let mut blamed = future.clone();
            blamed.set_span(mixed.located_at(name.span()));
            let boxed = quote_spanned!(name.span()=> #send(#blamed));
            if self.handler {
                let make = Path::WebSocketView;
                return quote! {
                    || #make(|#ctx| {
                        let #future = async move { #bind #respond(#call.await) };
                        #boxed
                    })
                };
            }
            return quote! {
                || #view::Async(#path_box::new(|#ctx| {
                    let #future = async move { #bind #respond(#call.await) };
                    #boxed
                }))
            };
        }
        let body = quote! { { #bind #respond(#call) } };
        if self.blocking {
            quote! { || #view::blocking(|#ctx| #body) }
        } else {
            quote! { || #view::Sync(#path_box::new(|#ctx| #body)) }
        }
    }
}

impl ViewArgument {
    /// The description of this argument.
    fn def(&self) -> TokenStream {
        let arg_def = Path::ArgDef;
        let ty = &self.argument.ty;
        match &self.parameter {
            Some(parameter) => quote!(#arg_def::url::<#ty>(#parameter)),
            None => {
                let label = self.argument.label();
                quote!(#arg_def::extractor::<#ty>(#label))
            }
        }
    }

    /// The expression that gets this argument, or leaves the view with the error.
    fn value(&self, ctx: &Ident) -> TokenStream {
        let ty = &self.argument.ty;
        let (read, span) = match &self.parameter {
            Some(_) => (Path::ReadUrlArg, ty.span()),
            None => (Path::Extract, ty.span()),
        };
        let read = read.at(span);
        let call = match &self.parameter {
            Some(parameter) => quote!(#read::<#ty>(&#ctx, #parameter)),
            None => quote!(#read::<#ty>(&#ctx)),
        };
        quote! {
            match #call {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(error) => return ::core::result::Result::Err(error),
            }
        }
    }
}

/// Whether a type is `Path<T>`, or holds one as `Valid<Path<T>>` does.
fn names_path(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    let inside = |argument: &syn::GenericArgument| matches!(argument, syn::GenericArgument::Type(ty) if names_path(ty));
    last.ident == "Path" || arguments.args.iter().any(inside)
}

/// Marks the argument called `name` as a URL parameter.
fn claim(arguments: &mut [ViewArgument], name: &str) -> bool {
    // `_id` stands for `<id>` unless another argument is called exactly so.
    let exact = arguments.iter().position(|arg| {
        arg.argument.name.as_ref().is_some_and(|ident| *ident == name || *ident == format!("r#{name}"))
    });
    let found = exact.or_else(|| arguments.iter().position(|arg| arg.argument.is_called(name)));
    if let Some(index) = found {
        arguments[index].parameter = Some(name.to_owned());
    }
    found.is_some()
}

/// "; its arguments are …", for messages about a missing one.
fn argument_names(arguments: &[ViewArgument]) -> String {
    let names: Vec<String> = arguments.iter().map(|arg| format!("`{}`", arg.argument.label())).collect();
    match names.as_slice() {
        [] => " (it has none)".to_owned(),
        [one] => format!(" (its argument is {one})"),
        many => format!(" (its arguments are {})", many.join(", ")),
    }
}

/// A value given for a URL parameter, converted as `url_for!` does; the error is blamed on the value.
pub(crate) fn url_arg(ty: &Type, value: &Expr) -> TokenStream {
    let arg = Path::UrlArg.at(value.span());
    quote_spanned!(value.span()=> <_ as #arg<#ty>>::into_arg(#value))
}

/// The name of a parameter as a field: a keyword becomes a raw identifier.
fn field(parameter: &str) -> Ident {
    syn::parse_str::<Ident>(parameter).unwrap_or_else(|_| Ident::new_raw(parameter, Span::call_site()))
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "Option"))
}

/// What a built-in converter gives and which type takes it; `None` for the converters that only the app knows.
fn advice(converter: &str, name: &str) -> Option<String> {
    let text = match converter {
        "default" | "string" => {
            format!("text, which a `String` takes; for a number write `<int:{name}>` or `<float:{name}>`")
        }
        "path" | "any" => "text, which a `String` takes".to_owned(),
        "int" => format!(
            "a whole number, which an integer type such as `i64` or `u32` takes; for text write `<{name}>`"
        ),
        "float" => format!("a decimal number, which an `f64` takes; for whole numbers write `<int:{name}>`"),
        "uuid" => format!("a UUID, which a `uuid::Uuid` takes; for text write `<{name}>`"),
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(args: TokenStream, item: TokenStream) -> String {
        expand("route", args, item).to_string()
    }

    fn errors(args: TokenStream, item: TokenStream) -> Vec<String> {
        let text = expanded(args, item);
        let parts = text.split(":: core :: compile_error ! { \"").skip(1);
        parts.map(|part| part.split("\" }").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn the_function_comes_first_and_unchanged() {
        let item =
            quote! { #[allow(dead_code)] pub(crate) async fn user(mut id: u64) -> Result<Html> { body!(); } };
        assert!(expanded(quote!("/<int:id>"), item.clone()).starts_with(&item.to_string()));
        assert!(expanded(quote!("/<int:id"), item.clone()).starts_with(&item.to_string()), "also on error");
    }

    #[test]
    fn a_body_that_does_not_parse_as_rust_is_not_looked_at() {
        let text = expanded(quote!("/"), quote! { fn index() -> String { let x = ; } });
        assert!(!text.contains("compile_error"), "{text}");
    }

    #[test]
    fn the_first_attribute_reads_the_others_and_takes_them_away() {
        let item = quote! { #[get("/a")] #[carboy::post("/b")] #[allow(dead_code)] fn index() {} };
        let text = expanded(quote!("/"), item);
        assert!(text.starts_with("# [allow (dead_code)] fn index () { }"), "{text}");
        assert_eq!(text.matches("new (\"/").count(), 3, "{text}");
    }

    #[test]
    fn a_parameter_without_an_argument_is_named() {
        let found = errors(quote!("/<int:id>"), quote! { fn user(uid: u64) {} });
        assert_eq!(
            found,
            [
                "the rule has the parameter `<int:id>`, but `user` has no argument `id` (its argument is `uid`)"
            ]
        );
    }

    #[test]
    fn an_underscore_before_a_name_does_not_count() {
        assert_eq!(errors(quote!("/<int:id>"), quote! { fn user(_id: u64) {} }), Vec::<String>::new());
        assert_eq!(
            errors(quote!("/<_id>/<id>"), quote! { fn user(id: String, _id: String) {} }),
            Vec::<String>::new()
        );
    }

    #[test]
    fn keywords_are_names_too() {
        let text = expanded(quote!("/<type>"), quote! { fn list(r#type: String) {} });
        assert!(text.contains("pub r#type : String"), "{text}");
    }

    #[test]
    fn each_rule_gives_each_parameter_or_the_argument_is_optional() {
        let other = quote! { #[route("/<int:n>")] fn page(n: u32) {} };
        assert_eq!(errors(quote!("/"), other.clone()).len(), 1);
        assert_eq!(errors(quote!("/", defaults(n = 1)), other), Vec::<String>::new());
        assert_eq!(
            errors(quote!("/"), quote! { #[route("/<int:n>")] fn page(n: Option<u32>) {} }),
            Vec::<String>::new()
        );
        assert_eq!(
            errors(quote!("/", outer(lang)), quote! { fn page(lang: String) {} }),
            Vec::<String>::new()
        );
    }

    #[test]
    fn defaults_and_outer_name_arguments() {
        let found = errors(quote!("/", defaults(m = 1), outer(x)), quote! { fn page() {} });
        assert_eq!(
            found,
            ["`page` has no argument `m` (it has none)", "`page` has no argument `x` (it has none)"]
        );
    }

    #[test]
    fn subdomains_and_hosts_give_parameters() {
        let found = errors(quote!("/", subdomain = "<lang>"), quote! { fn page(lang: String) {} });
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn short_forms_do_not_take_methods() {
        let text = expand("get", quote!("/", methods = ["POST"]), quote! { fn page() {} }).to_string();
        assert!(text.contains("Use the 'route' decorator to use the 'methods' argument."), "{text}");
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let item = quote! { fn page<T>(name: &str) {} };
        assert_eq!(errors(quote!("page", methods = "GET"), item).len(), 3);
    }

    #[test]
    fn guards_of_all_rules_belong_to_the_view_in_their_order() {
        let item = quote! { #[get("/b", guard = [second, third("x")])] fn page() {} };
        let text = expanded(quote!("/a", guard = first), item);
        assert!(text.contains("guard (first) , :: carboy :: __private :: guard (second) , :: carboy :: __private :: guard (third (\"x\"))"), "{text}");
        let found = errors(quote!("/", guard), quote! { fn page() {} });
        assert_eq!(found, ["`guard` takes a guard, or a list of guards"]);
    }

    #[test]
    fn what_is_around_a_view_is_put_there_from_the_innermost_on() {
        let text = expanded(quote!("/", around = [outer, inner("x")]), quote! { fn page() {} });
        assert!(text.contains(". around (inner (\"x\")) . around (outer)"), "{text}");
        let found = errors(quote!("/", around), quote! { fn page() {} });
        assert_eq!(found, ["`around` takes what goes around the view, or a list of that"]);
    }

    #[test]
    fn the_cache_is_next_to_the_view_and_its_attribute_is_taken_away() {
        let item = quote! { #[cached(timeout = HOUR)] #[get("/b")] fn page() {} };
        let text = expanded(quote!("/", around = outer), item);
        assert!(text.starts_with("fn page () { }"), "{text}");
        assert!(text.contains(". around (cached (HOUR)) . around (outer)"), "{text}");
        let twice = quote! { #[cached] #[cached(timeout = 1)] fn page() {} };
        assert_eq!(errors(quote!("/"), twice), ["`#[cached]` is written twice"]);
        let post = quote! { #[cached] fn page() {} };
        let found = expand("post", quote!("/"), post).to_string();
        assert!(found.contains("only answers to GET are kept"), "{found}");
    }

    #[test]
    fn methods_are_upper_cased() {
        let text = expanded(quote!("/", methods = ["get", "Post"]), quote! { fn page() {} });
        assert!(text.contains(r#"Some (& ["GET" , "POST"])"#), "{text}");
    }

    #[test]
    fn the_doc_comment_is_carried() {
        let text = expanded(quote!("/"), quote! { #[doc = " The front page."] fn page() {} });
        assert!(text.contains(r#"("The front page." ,"#), "{text}");
    }

    #[test]
    fn conditional_compilation_holds_for_all_that_is_generated() {
        let text = expanded(quote!("/"), quote! { #[cfg(unix)] fn page() {} });
        assert_eq!(text.matches("# [cfg (unix)]").count(), 3, "{text}");
    }
}
