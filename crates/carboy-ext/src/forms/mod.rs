//! Forms that are read, checked and shown again: WTForms and Flask-WTF for carboy.
//!
//! A form is a struct. Its fields have the types that the view wants; what WTForms says in a field's class stands in `#[field(…)]`.
//!
//! ```
//! use carboy::{Result, prelude::*};
//! use carboy_ext::forms::{Form, FormState};
//!
//! #[derive(Form)]
//! struct Signup {
//!     #[field(label = "E-mail", validate(data_required, email))]
//!     email: String,
//!     #[field(widget = "password", validate(data_required, length(min = 8)))]
//!     password: String,
//!     #[field(widget = "password", validate(equal_to("password", message = "The passwords differ.")))]
//!     again: String,
//!     #[field(label = "Your age", validate(number_range(min = 18)))]
//!     age: Option<u32>,
//! }
//!
//! # fn is_taken(email: &str) -> bool { email == "ann@example.com" }
//! #[route("/signup", methods = ["GET", "POST"])]
//! fn signup(mut form: FormState<Signup>) -> Result {
//!     if let Some(data) = form.validate_on_submit() {
//!         if !is_taken(&data.email) {
//!             return redirect("/welcome").into_response();
//!         }
//!         form.add_error("email", "Somebody has this address already.");
//!     }
//!     # const PAGE: &str = "{% for field in form %}{{ field.label }} {{ field(class='wide') }}{% for error in field.errors %} ({{ error }}){% endfor %}\n{% endfor %}";
//!     # return carboy::render_template_string(PAGE, carboy::context! { form })?.into_response();
//!     # #[allow(unreachable_code)]
//!     render!("signup.html", form)?.into_response()
//! }
//!
//! let mut app = App::new("doc");
//! app.routes(routes![signup]);
//! let client = app.test_client();
//! let page = client.post("/signup").form([("email", "<ann>"), ("password", "12345678"), ("again", "x"), ("age", "17")]).send();
//! assert_eq!(
//!     page.text().lines().next(),
//!     Some(
//!         "<label for=\"email\">E-mail</label> <input class=\"wide\" id=\"email\" name=\"email\" required type=\"text\" \
//!          value=\"&lt;ann&gt;\"> (Invalid email address.)"
//!     )
//! );
//! assert!(page.text().contains("(The passwords differ.)"));
//! assert!(page.text().contains("(Number must be at least 18.)"));
//! ```
//!
//! **Only what is declared is read.** A name that the struct does not have is never looked at, so nobody sets a column by guessing its name.
//!
//! **In templates** a form is what it is in WTForms: `form.email` is the input, `form.email(class="wide")` the input with more attributes,
//! `form.email.label`, `.errors`, `.data`, `.description`, `.name`, `.id`, `.type`, `.flags` belong to it; a loop over the form gives its
//! fields, one over a field with choices its options, one over a list its entries; `form.hidden_tag()` shows the hidden fields, `form.errors`
//! everything that is wrong. The HTML is WTForms' own, byte for byte.
//!
//! **Fields**: [`FieldType`] lists the types. `#[field(…)]` takes
//!
//! | option | meaning |
//! |---|---|
//! | `label = "…"`, `description = "…"`, `id = "…"` | texts about it; without a label it is the name in words |
//! | `widget = "…"` | how it is shown: `textarea`, `password`, `hidden`, `email`, `radio`, … ([`Widget`]) |
//! | `validate(…)` | the rules, in their order |
//! | `filter(strip, lower, own)` | changes of the text before the rules; `own` is a function from `String` to `String` |
//! | `default = …` | the value where nothing was sent, made anew for each form |
//! | `choices = […]` | what can be chosen: texts, pairs of value and label, [`Choice`]s, or a function's list of them |
//! | `attr(rows = 3, data_x = "…")` | attributes of the element |
//! | `format = "%d.%m.%Y"`, `formats = […]` | of dates and times |
//! | `places = 2` | of decimal numbers |
//! | `min_entries = 1`, `max_entries = 10`, `entry(…)` | of lists: how many, and the options of each entry |
//! | `validate_choice = false` | takes values that are no choice |
//! | `invalid_value_message`, `invalid_choice_message` | other messages |
//! | `no_obj` | the field is not one of the struct of `#[form(obj = …)]` |
//!
//! **Rules** are WTForms' validators: `data_required`, `input_required`, `optional`, `length(min, max)`, `number_range(min, max)`,
//! `date_range(min, max)`, `regexp("…")`, `email`, `url`, `uuid`, `ip_address(ipv4, ipv6)`, `mac_address`, `any_of(…)`, `none_of(…)`,
//! `equal_to("field")`, `read_only`, `disabled`; Flask-WTF's `file_required`, `file_allowed("jpg", "png")`, `file_size(min, max)`; and
//! `custom(function)`, which gets the value and answers a `Result<(), impl Into<Invalid>>`. Each takes `message = "…"`.
//! A type that cannot be empty, such as a number or a date, is required without a word; an `Option` may be left empty without a word.
//!
//! **The form as a whole**: `#[form(…)]` on the struct takes `validate = function` (it gets the struct and [`FormErrors`], once every field
//! is right), `prefix = "…"`, `csrf = true` or `false`, and `obj = Type` for [`FormState::fill`] and [`FormObject::populate`].
//!
//! **Tokens**: when the app registered [`Csrf`](carboy::security::csrf::Csrf), each form has Flask-WTF's field `csrf_token` as its last one.
//!
//! **Languages**: the messages are those of the current request's language, if the app has [translations](carboy::Translator); WTForms'
//! own translations are built in.

mod bound;
mod choice;
mod csrf;
mod data;
mod datetime;
mod definition;
mod field;
mod field_type;
mod html;
mod state;
mod template;
mod widget;

pub use bound::BoundForm;
pub use carboy_macros::{Choices, Form};
pub use choice::{Choice, Choices};
pub use data::FormData;
pub use definition::{FieldDef, FormDef, Kind, ListDef};
pub use field::Field;
pub use field_type::{FieldType, Unread};
pub use state::{Entries, FormErrors, FormModel, FormObject, FormState};
pub use widget::Widget;

#[doc(hidden)]
pub mod __private {
    pub use super::{
        Choice, Choices, Entries, FieldDef, FieldType, FormDef, FormErrors, FormModel, FormObject, Kind,
        Unread, Widget,
        field_type::{choice_kind, choices_kind, form_kind, read_choice},
        filters,
    };
}

/// The filters that forms name.
#[doc(hidden)]
pub mod filters {
    /// Without blanks at both ends.
    pub fn strip(text: String) -> String {
        text.trim().to_owned()
    }

    /// In lower case.
    pub fn lower(text: String) -> String {
        text.to_lowercase()
    }

    /// In upper case.
    pub fn upper(text: String) -> String {
        text.to_uppercase()
    }
}
