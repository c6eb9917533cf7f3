//! Every path that generated code may name, in one table.
//!
//! Generated code reaches the framework through `::carboy::__private` alone, and the extensions through `::carboy_ext::__private`, so that
//! what the macros need is one list there and one list here, and nothing that a user imports or shadows can change what a macro means.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

macro_rules! paths {
    ($root:ident, $Path:ident { $($(#[$doc:meta])* $variant:ident => $name:literal),+ $(,)? }) => {
        #[doc = concat!("An item of `::", stringify!($root), "::__private`.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $Path { $($(#[$doc])* $variant),+ }

        impl $Path {
            fn name(self) -> &'static str {
                match self { $($Path::$variant => $name),+ }
            }

            /// This path, blamed on `span`.
            #[allow(dead_code, reason = "not every table needs it")]
            pub(crate) fn at(self, span: Span) -> At {
                At { root: stringify!($root), name: self.name(), span }
            }
        }

        impl ToTokens for $Path {
            fn to_tokens(&self, tokens: &mut TokenStream) {
                self.at(Span::call_site()).to_tokens(tokens);
            }
        }
    };
}

paths! { carboy, Path {
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
} }

paths! { carboy_ext, Ext {
    /// `trait FormModel`: a struct that is a form.
    FormModel => "FormModel",
    /// `trait FormObject`: a struct beside the form.
    FormObject => "FormObject",
    /// `struct FormDef`: the fields of a form.
    FormDef => "FormDef",
    /// `struct FormErrors`: what a function finds wrong with a form.
    FormErrors => "FormErrors",
    /// `struct FieldDef`: one field.
    FieldDef => "FieldDef",
    /// `trait FieldType`: the types of fields.
    FieldType => "FieldType",
    /// `struct Entries`: values by name.
    Entries => "Entries",
    /// `struct Unread`: why a value was not read.
    Unread => "Unread",
    /// `enum Kind`: what a field's text is turned into.
    Kind => "Kind",
    /// `enum Widget`: how a field is shown.
    Widget => "Widget",
    /// `mod filters`: the filters that have a name.
    Filters => "filters",
    /// `trait Choices`: enums whose variants can be chosen.
    Choices => "Choices",
    /// `struct Choice`: one of them.
    Choice => "Choice",
    /// `fn read_choice`: reads one of them.
    ReadChoice => "read_choice",
    /// `fn choice_kind`: one of them as a field.
    ChoiceKind => "choice_kind",
    /// `fn choices_kind`: several of them as a field.
    ChoicesKind => "choices_kind",
    /// `fn form_kind`: a form inside a form.
    FormKind => "form_kind",
    /// `struct Rule`: one rule about a value.
    Rule => "Rule",
    /// `enum Value`: a value of any type.
    Value => "Value",
    /// `struct Regex`: a pattern.
    Regex => "Regex",
    /// `fn anchored`: makes a pattern of a rule.
    Anchored => "anchored",
    /// `fn invalid`: what a function of the app said, as one type.
    Invalid => "invalid",
    /// `trait Validate`: input that can be checked.
    Validate => "Validate",
    /// `struct Report`: what is wrong with it.
    Report => "Report",
    /// `trait Length`: what has a length, and items.
    Length => "Length",
    /// `fn memo_key`: the key of a result of a function.
    MemoKey => "memo_key",
    /// `fn memoized`: a result that was kept, or is made now.
    Memoized => "memoized",
    /// `fn memoized_stale`: a result that was kept and may have run out, or is made now.
    MemoizedStale => "memoized_stale",
    /// `fn forget_memoized`: forgets a result of a function.
    ForgetMemoized => "forget_memoized",
    /// `fn forget_all_memoized`: forgets all results of a function.
    ForgetAllMemoized => "forget_all_memoized",
} }

/// A path with the span that errors about it shall have.
pub(crate) struct At {
    root: &'static str,
    name: &'static str,
    span: Span,
}

impl ToTokens for At {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let span = self.span;
        let (root, name) = (Ident::new(self.root, span), Ident::new(self.name, span));
        tokens.extend(quote_spanned!(span=> ::#root::__private::#name));
    }
}
