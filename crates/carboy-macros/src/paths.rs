//! Every path that generated code may name, in one table.
//!
//! Generated code reaches the framework through `::carboy::__private` alone, so that what the macros need is one list
//! there and one list here, and nothing that a user imports or shadows can change what a macro means.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

macro_rules! paths {
    ($($(#[$doc:meta])* $variant:ident => $name:literal),+ $(,)?) => {
        /// An item of `::carboy::__private`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Path { $($(#[$doc])* $variant),+ }

        impl Path {
            fn name(self) -> &'static str {
                match self { $(Path::$variant => $name),+ }
            }
        }
    };
}

paths! {
    /// `trait Route`: what `routes![]` asks a view for.
    Route => "Route",
    /// `struct RouteDef`: a view as data.
    RouteDef => "RouteDef",
    /// `struct RuleDef`: one rule of a view.
    RuleDef => "RuleDef",
    /// `struct ArgDef`: one argument of a view.
    ArgDef => "ArgDef",
    /// `enum View`: a callable view.
    View => "View",
    /// `trait FromUrl`: types of URL parameters.
    FromUrl => "FromUrl",
    /// `trait UrlArg<T>`: values accepted for a URL parameter of type `T`.
    UrlArg => "UrlArg",
    /// `trait UrlParams`: the same-named struct as values for URL building.
    UrlParams => "UrlParams",
    /// `struct UrlFor`: what `url_for!` collects beside the parameters.
    UrlFor => "UrlFor",
    /// `struct UrlValues`: values by name.
    UrlValues => "UrlValues",
    /// `enum UrlValue`: a value of a URL parameter.
    UrlValue => "UrlValue",
    /// `struct Embedded`: what a release build holds of its package's folders.
    Embedded => "Embedded",
    /// `struct Routes`: a list of views and the folder of their package.
    Routes => "Routes",
    /// `fn url_for_view`: builds the URL of a view.
    UrlForView => "url_for_view",
    /// `fn url_for_endpoint`: builds the URL of an endpoint.
    UrlForEndpoint => "url_for_endpoint",
    /// `fn url_arg`: reads a URL parameter of the current request.
    ReadUrlArg => "url_arg",
    /// `fn guard`: a guard of an expression.
    Guard => "guard",
    /// `fn extract`: makes an argument out of the context.
    Extract => "extract",
    /// `fn respond`: turns what a view returned into a response.
    Respond => "respond",
    /// `fn send`: boxes the future of an async view, which must be `Send`.
    Send => "view_future_must_be_send",
    /// `fn websocket_view`: makes a view of a WebSocket handler.
    WebSocketView => "websocket_view",
    /// `fn handled`: turns what a WebSocket handler returned into a result.
    Handled => "handled",
    /// `fn handler_future_must_be_send`: boxes the future of a WebSocket handler.
    SendHandler => "handler_future_must_be_send",
    /// `const fn accepts`: whether a type takes the values of a converter.
    Accepts => "accepts",
    /// `trait Command`: what `commands![]` asks a command for.
    Command => "Command",
    /// `struct CommandDef`: a command as data.
    CommandDef => "CommandDef",
    /// `struct CommandArg`: one argument of a command.
    CommandArg => "CommandArg",
    /// `fn finish`: turns what a command returned into a result.
    FinishCommand => "finish_command",
    /// `Box`, whatever the caller's prelude says.
    Box => "Box",
    /// `Vec`, whatever the caller's prelude says.
    Vec => "Vec",
}

/// A path with the span that errors about it shall have.
pub(crate) struct At(Path, Span);

impl Path {
    /// This path, blamed on `span`.
    pub(crate) fn at(self, span: Span) -> At {
        At(self, span)
    }
}

impl ToTokens for At {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let span = self.1;
        let name = Ident::new(self.0.name(), span);
        tokens.extend(quote_spanned!(span=> ::carboy::__private::#name));
    }
}

impl ToTokens for Path {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.at(Span::call_site()).to_tokens(tokens);
    }
}
