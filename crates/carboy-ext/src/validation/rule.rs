//! The rules: WTForms' validators, with their messages and the attributes that they give to an input.

use super::{
    address::{UrlOptions, is_ipv4, is_ipv6, is_mac, is_url, is_uuid},
    email::{EmailOptions, is_email},
    messages::{self, fill},
    value::Value,
};
use regex::Regex;
use std::{borrow::Cow, fmt, sync::Arc};

/// Why a value is refused, by a function of the app's own.
///
/// ```
/// use carboy_ext::validation::Invalid;
///
/// fn strong(password: &str) -> Result<(), Invalid> {
///     if password.chars().any(|c| c.is_ascii_digit()) { Ok(()) } else { Err("A password has a digit.".into()) }
/// }
/// assert_eq!(strong("abc").unwrap_err().to_string(), "A password has a digit.");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub(crate) message: String,
    pub(crate) stop: bool,
}

impl Invalid {
    /// The value is refused; the rules that follow are asked, too (WTForms' `ValidationError`).
    pub fn new(message: impl Into<String>) -> Self {
        Invalid { message: message.into(), stop: false }
    }

    /// The value is refused, and no further rule is asked (WTForms' `StopValidation`). With an empty message the value is *not* refused:
    /// the chain ends, and what was wrong before stays.
    pub fn stop(message: impl Into<String>) -> Self {
        Invalid { message: message.into(), stop: true }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}

/// What a function of the app said, as one type.
#[doc(hidden)]
pub fn invalid(error: impl Into<Invalid>) -> Invalid {
    error.into()
}

impl From<&str> for Invalid {
    fn from(message: &str) -> Self {
        Invalid::new(message)
    }
}

impl From<String> for Invalid {
    fn from(message: String) -> Self {
        Invalid::new(message)
    }
}

/// What a rule sees of a field.
pub(crate) struct Subject<'a> {
    /// The value, after conversion and filters.
    pub(crate) data: &'a Value,
    /// What was sent, as it came; `None` when no form was sent.
    pub(crate) raw: Option<&'a [Value]>,
    /// The value before anything was sent.
    pub(crate) object: &'a Value,
    /// Another field of the form: its label and its value.
    pub(crate) other: &'a dyn Fn(&str) -> Option<(String, Value)>,
}

/// What a rule found.
pub(crate) enum Verdict {
    /// The next rule is asked.
    Pass,
    /// The value is refused.
    Refuse(String),
    /// The chain ends. What was found before is forgotten when `clear` is set; the message, if there is one, is added.
    Stop { message: Option<String>, clear: bool },
}

type Check = dyn Fn(&Value) -> Result<(), Invalid> + Send + Sync;

/// One rule about a value: a validator of WTForms, or a function.
///
/// The derive macros write these; a form that is built at run time calls the constructors itself.
#[derive(Clone)]
pub struct Rule {
    kind: Kind,
    message: Option<Cow<'static, str>>,
}

#[derive(Clone)]
enum Kind {
    DataRequired,
    InputRequired,
    Optional { strip: bool },
    Length { min: Option<usize>, max: Option<usize> },
    NumberRange { min: Value, max: Value },
    DateRange { min: Value, max: Value },
    Regexp { regex: Regex, html: Option<Cow<'static, str>> },
    Email(EmailOptions),
    Url(UrlOptions),
    Uuid,
    IpAddress { v4: bool, v6: bool },
    MacAddress,
    AnyOf(Vec<Value>),
    NoneOf(Vec<Value>),
    EqualTo(Cow<'static, str>),
    ReadOnly,
    Disabled,
    FileRequired,
    FileAllowed(Vec<Cow<'static, str>>),
    FileSize { min: u64, max: u64 },
    Custom(Arc<Check>),
}

impl From<Kind> for Rule {
    fn from(kind: Kind) -> Self {
        Rule { kind, message: None }
    }
}

/// The pattern of a rule, anchored at the start as Python's `re.match` is.
///
/// # Panics
/// When it is no regular expression.
#[doc(hidden)]
#[track_caller]
pub fn anchored(pattern: &str) -> Regex {
    match Regex::new(&format!(r"\A(?:{pattern})")) {
        Ok(regex) => regex,
        Err(error) => panic!("the pattern {pattern:?} of a rule is no regular expression: {error}"),
    }
}

impl Rule {
    /// There must be a value that counts as true, and that is not only blanks (`DataRequired`). Ends the chain.
    pub fn data_required() -> Self {
        Kind::DataRequired.into()
    }

    /// Something must have been sent (`InputRequired`). Ends the chain.
    pub fn input_required() -> Self {
        Kind::InputRequired.into()
    }

    /// Nothing, or only blanks, is fine: no further rule is asked then, and what was wrong is forgotten (`Optional`).
    pub fn optional() -> Self {
        Kind::Optional { strip: true }.into()
    }

    /// As [`optional`](Self::optional), but blanks are something.
    pub fn optional_unstripped() -> Self {
        Kind::Optional { strip: false }.into()
    }

    /// The number of characters, or of items (`Length`).
    ///
    /// # Panics
    /// Without bounds, and with bounds that leave nothing between them.
    #[track_caller]
    pub fn length(min: Option<usize>, max: Option<usize>) -> Self {
        assert!(min.is_some() || max.is_some(), "At least one of `min` or `max` must be specified.");
        assert!(max.is_none_or(|max| min.unwrap_or(0) <= max), "`min` cannot be more than `max`.");
        Kind::Length { min, max }.into()
    }

    /// A number between two others, both included (`NumberRange`).
    pub fn number_range(min: impl Into<Value>, max: impl Into<Value>) -> Self {
        Kind::NumberRange { min: min.into(), max: max.into() }.into()
    }

    /// A date or a date and time between two others, both included (`DateRange`).
    pub fn date_range(min: impl Into<Value>, max: impl Into<Value>) -> Self {
        Kind::DateRange { min: min.into(), max: max.into() }.into()
    }

    /// A text that begins with what the pattern says (`Regexp`): end it with `$` to mean the whole text.
    ///
    /// # Panics
    /// When the pattern is no regular expression.
    #[track_caller]
    pub fn regexp(pattern: &str) -> Self {
        Self::regex(anchored(pattern))
    }

    /// A text that an expression finds: anchor it with `\A` and `\z` yourself.
    pub fn regex(regex: Regex) -> Self {
        Kind::Regexp { regex, html: None }.into()
    }

    /// Gives the input an attribute `pattern`, which the browser checks: a pattern of JavaScript that stands for the whole text. For
    /// [`regexp`](Self::regexp) alone.
    #[must_use]
    pub fn html_pattern(mut self, pattern: impl Into<Cow<'static, str>>) -> Self {
        if let Kind::Regexp { html, .. } = &mut self.kind {
            *html = Some(pattern.into());
        }
        self
    }

    /// An address that mail can be sent to, as the package `email-validator` sees it; no name server is asked (`Email`).
    pub fn email() -> Self {
        Kind::Email(EmailOptions::default()).into()
    }

    /// Whether the part before the `@` may have letters that are not ASCII; it may.
    #[must_use]
    pub fn allow_smtputf8(mut self, allow: bool) -> Self {
        if let Kind::Email(options) = &mut self.kind {
            options.allow_smtputf8 = allow;
        }
        self
    }

    /// Whether the part before the `@` may be missing; it may not.
    #[must_use]
    pub fn allow_empty_local(mut self, allow: bool) -> Self {
        if let Kind::Email(options) = &mut self.kind {
            options.allow_empty_local = allow;
        }
        self
    }

    /// Whether the domain `test` and those below are taken, for tests; they are not.
    #[must_use]
    pub fn test_environment(mut self, allow: bool) -> Self {
        if let Kind::Email(options) = &mut self.kind {
            options.test_environment = allow;
        }
        self
    }

    /// A URL with `http` or `https` and a host (`URL`).
    pub fn url() -> Self {
        Kind::Url(UrlOptions::default()).into()
    }

    /// Whether the host of the URL needs a top-level domain; it does.
    #[must_use]
    pub fn require_tld(mut self, require: bool) -> Self {
        if let Kind::Url(options) = &mut self.kind {
            options.require_tld = require;
        }
        self
    }

    /// Whether the host of the URL may be an IP address; it may.
    #[must_use]
    pub fn allow_ip(mut self, allow: bool) -> Self {
        if let Kind::Url(options) = &mut self.kind {
            options.allow_ip = allow;
        }
        self
    }

    /// Whether the URL may hold a user's name; it may not, as it deceives those who read it.
    #[must_use]
    pub fn allow_userinfo(mut self, allow: bool) -> Self {
        if let Kind::Url(options) = &mut self.kind {
            options.allow_userinfo = allow;
        }
        self
    }

    /// The schemes that the URL may have.
    #[must_use]
    pub fn schemes<S: Into<String>>(mut self, schemes: impl IntoIterator<Item = S>) -> Self {
        if let Kind::Url(options) = &mut self.kind {
            options.schemes = schemes.into_iter().map(Into::into).collect();
        }
        self
    }

    /// A UUID (`UUID`).
    pub fn uuid() -> Self {
        Kind::Uuid.into()
    }

    /// An IP address of version 4, of version 6, or of either (`IPAddress`).
    ///
    /// # Panics
    /// When neither may be.
    #[track_caller]
    pub fn ip_address(v4: bool, v6: bool) -> Self {
        assert!(v4 || v6, "IP Address Validator must have at least one of ipv4 or ipv6 enabled.");
        Kind::IpAddress { v4, v6 }.into()
    }

    /// An Ethernet address (`MacAddress`).
    pub fn mac_address() -> Self {
        Kind::MacAddress.into()
    }

    /// One of these values, or a list with one of them (`AnyOf`).
    pub fn any_of<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Kind::AnyOf(values.into_iter().map(Into::into).collect()).into()
    }

    /// None of these values (`NoneOf`).
    pub fn none_of<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Kind::NoneOf(values.into_iter().map(Into::into).collect()).into()
    }

    /// The value of another field of the same form (`EqualTo`).
    pub fn equal_to(field: impl Into<Cow<'static, str>>) -> Self {
        Kind::EqualTo(field.into()).into()
    }

    /// The value that the field had before (`ReadOnly`): the input cannot be edited.
    pub fn read_only() -> Self {
        Kind::ReadOnly.into()
    }

    /// Nothing may be sent (`Disabled`): the input is shown, but not used.
    pub fn disabled() -> Self {
        Kind::Disabled.into()
    }

    /// A file must have been chosen (Flask-WTF's `FileRequired`). Ends the chain.
    pub fn file_required() -> Self {
        Kind::FileRequired.into()
    }

    /// The file's name ends like one of these, without the point and in lower case (Flask-WTF's `FileAllowed`). The name is the
    /// client's word: look at the contents before you trust them. Ends the chain.
    pub fn file_allowed<S: Into<Cow<'static, str>>>(extensions: impl IntoIterator<Item = S>) -> Self {
        Kind::FileAllowed(extensions.into_iter().map(Into::into).collect()).into()
    }

    /// The file has that many bytes (Flask-WTF's `FileSize`).
    pub fn file_size(min: u64, max: u64) -> Self {
        Kind::FileSize { min, max }.into()
    }

    /// What a function says about the value.
    pub fn custom(check: impl Fn(&Value) -> Result<(), Invalid> + Send + Sync + 'static) -> Self {
        Kind::Custom(Arc::new(check)).into()
    }

    /// Another message. `%(min)s`, `%(max)s`, `%(values)s`, `%(other_label)s` and `%(other_name)s` stand for what the rule knows; `%%` is a
    /// per cent sign there.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Whether the rule asks for something to be sent.
    pub(crate) fn is_requirement(&self) -> bool {
        matches!(
            self.kind,
            Kind::DataRequired | Kind::InputRequired | Kind::FileRequired | Kind::Optional { .. }
        )
    }

    /// The attributes that the rule gives to an input, if its widget takes them.
    pub(crate) fn flags(&self) -> Vec<(&'static str, Value)> {
        let bound = |name, value: &Value| (*value != Value::None).then(|| (name, value.clone()));
        match &self.kind {
            Kind::DataRequired | Kind::InputRequired | Kind::FileRequired => vec![("required", true.into())],
            Kind::Optional { .. } => vec![("optional", true.into())],
            Kind::Length { min, max } => {
                let number = |name, n: Option<usize>| n.map(|n| (name, Value::Integer(n as i128)));
                [number("minlength", *min), number("maxlength", *max)].into_iter().flatten().collect()
            }
            Kind::NumberRange { min, max } | Kind::DateRange { min, max } => {
                [bound("min", min), bound("max", max)].into_iter().flatten().collect()
            }
            Kind::Regexp { html: Some(html), .. } => vec![("pattern", html.as_ref().into())],
            Kind::ReadOnly => vec![("readonly", true.into())],
            Kind::Disabled => vec![("disabled", true.into())],
            _ => Vec::new(),
        }
    }

    /// What the rule says about a field.
    pub(crate) fn check(&self, subject: &Subject<'_>) -> Verdict {
        let data = subject.data;
        let text = || data.as_str().unwrap_or_default();
        let refuse = |default: &str, values: &[(&str, String)]| {
            let message = match &self.message {
                Some(own) => carboy::gettext(own),
                None => messages::gettext(default),
            };
            Verdict::Refuse(fill(&message, values))
        };
        let require = |holds: bool, default: &str| if holds { Verdict::Pass } else { refuse(default, &[]) };
        let required = |clear: bool| {
            let message = match &self.message {
                Some(own) => carboy::gettext(own),
                None => messages::gettext("This field is required."),
            };
            Verdict::Stop { message: Some(message), clear }
        };
        match &self.kind {
            Kind::DataRequired => match data {
                Value::Text(text) if text.trim().is_empty() => required(true),
                data if !data.is_true() => required(true),
                _ => Verdict::Pass,
            },
            Kind::InputRequired => match subject.raw.and_then(<[Value]>::first) {
                Some(first) if first.is_true() => Verdict::Pass,
                _ => required(true),
            },
            Kind::Optional { strip } => match subject.raw.and_then(<[Value]>::first) {
                Some(Value::Text(text)) => {
                    let left = if *strip { text.trim() } else { text };
                    if left.is_empty() { Verdict::Stop { message: None, clear: true } } else { Verdict::Pass }
                }
                Some(_) => Verdict::Pass,
                None => Verdict::Stop { message: None, clear: true },
            },
            Kind::Length { .. } => self.check_length(data.len()),
            Kind::NumberRange { min, max } | Kind::DateRange { min, max } => {
                let dates = matches!(self.kind, Kind::DateRange { .. });
                let whole = |value: &Value| match value.to_datetime() {
                    Some(at) if dates => Value::DateTime(at),
                    _ => value.clone(),
                };
                let (min, max, data) = (whole(min), whole(max), whole(data));
                let ordered = data.compare(&data).is_some();
                let above =
                    |bound: &Value| *bound == Value::None || data.compare(bound).is_some_and(|o| o.is_ge());
                let below =
                    |bound: &Value| *bound == Value::None || data.compare(bound).is_some_and(|o| o.is_le());
                if ordered && above(&min) && below(&max) {
                    return Verdict::Pass;
                }
                let default = match (dates, &min, &max) {
                    (false, _, Value::None) => "Number must be at least %(min)s.",
                    (false, Value::None, _) => "Number must be at most %(max)s.",
                    (false, ..) => "Number must be between %(min)s and %(max)s.",
                    (true, _, Value::None) => "Date must be at least %(min)s.",
                    (true, Value::None, _) => "Date must be at most %(max)s.",
                    (true, ..) => "Date must be between %(min)s and %(max)s.",
                };
                refuse(default, &[("min", min.to_string()), ("max", max.to_string())])
            }
            Kind::Regexp { regex, .. } => {
                let holds = regex.is_match(text());
                if holds {
                    return Verdict::Pass;
                }
                // WTForms does not fill anything into this message.
                Verdict::Refuse(match &self.message {
                    Some(own) => carboy::gettext(own),
                    None => messages::gettext("Invalid input."),
                })
            }
            Kind::Email(options) => self.plain(is_email(text(), *options), "Invalid email address."),
            Kind::Url(options) => self.plain(is_url(text(), options), "Invalid URL."),
            Kind::Uuid => self.plain(is_uuid(text()), "Invalid UUID."),
            Kind::IpAddress { v4, v6 } => {
                self.plain((*v4 && is_ipv4(text())) || (*v6 && is_ipv6(text())), "Invalid IP address.")
            }
            Kind::MacAddress => self.plain(is_mac(text()), "Invalid Mac address."),
            Kind::AnyOf(values) | Kind::NoneOf(values) => {
                let among = match data {
                    Value::List(items) => items.iter().any(|item| values.contains(item)),
                    item => values.contains(item),
                };
                let wanted = matches!(self.kind, Kind::AnyOf(_));
                if among == wanted {
                    return Verdict::Pass;
                }
                let list = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let default = match wanted {
                    true => "Invalid value, must be one of: %(values)s.",
                    false => "Invalid value, can't be any of: %(values)s.",
                };
                refuse(default, &[("values", list)])
            }
            Kind::EqualTo(name) => match (subject.other)(name) {
                None => Verdict::Refuse(messages::gettext("Invalid field name '%s'.").replace("%s", name)),
                Some((_, other)) if other == *data => Verdict::Pass,
                Some((label, _)) => {
                    let label = if label.is_empty() { name.to_string() } else { label };
                    refuse(
                        "Field must be equal to %(other_name)s.",
                        &[("other_label", label), ("other_name", name.to_string())],
                    )
                }
            },
            Kind::ReadOnly => require(data == subject.object, "This field cannot be edited."),
            Kind::Disabled => require(
                subject.raw.is_none_or(<[Value]>::is_empty),
                "This field is disabled and cannot have a value.",
            ),
            Kind::FileRequired => match data.files() {
                Some(_) => Verdict::Pass,
                None => required(false),
            },
            Kind::FileAllowed(extensions) => {
                let fits = |name: &str| {
                    let name = name.to_lowercase();
                    extensions.iter().any(|extension| {
                        name.strip_suffix(extension.as_ref()).is_some_and(|stem| stem.ends_with('.'))
                    })
                };
                if data.files().unwrap_or_default().iter().all(|file| fits(file.filename())) {
                    return Verdict::Pass;
                }
                let message = match &self.message {
                    Some(own) => carboy::gettext(own),
                    None => messages::gettext("File does not have an approved extension: {extensions}")
                        .replace("{extensions}", &extensions.join(", ")),
                };
                Verdict::Stop { message: Some(message), clear: false }
            }
            Kind::FileSize { min, max } => {
                let fits = |bytes: u64| bytes >= *min && bytes <= *max;
                if data.files().unwrap_or_default().iter().all(|file| fits(file.len())) {
                    return Verdict::Pass;
                }
                Verdict::Refuse(match &self.message {
                    Some(own) => carboy::gettext(own),
                    None => messages::gettext(&format!("File must be between {min} and {max} bytes.")),
                })
            }
            Kind::Custom(check) => match check(data) {
                Ok(()) => Verdict::Pass,
                Err(Invalid { message, stop: true }) => {
                    Verdict::Stop { message: (!message.is_empty()).then_some(message), clear: false }
                }
                Err(Invalid { message, .. }) => Verdict::Refuse(message),
            },
        }
    }

    /// What the rule says about a length; nothing when it is about something else.
    pub(crate) fn check_length(&self, length: usize) -> Verdict {
        let Kind::Length { min, max } = &self.kind else { return Verdict::Pass };
        if min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max) {
            return Verdict::Pass;
        }
        let shown = |bound: Option<usize>| bound.map_or_else(|| "-1".to_owned(), |n| n.to_string());
        let values = [("min", shown(*min)), ("max", shown(*max)), ("length", length.to_string())];
        let plural = |one: &str, many: &str, n: usize| messages::ngettext(one, many, n as u64);
        let message = match (&self.message, *min, *max) {
            (Some(own), ..) => carboy::gettext(own),
            (None, Some(min), None) => plural(
                "Field must be at least %(min)d character long.",
                "Field must be at least %(min)d characters long.",
                min,
            ),
            (None, None, Some(max)) => plural(
                "Field cannot be longer than %(max)d character.",
                "Field cannot be longer than %(max)d characters.",
                max,
            ),
            (None, min, Some(max)) if min == Some(max) => plural(
                "Field must be exactly %(max)d character long.",
                "Field must be exactly %(max)d characters long.",
                max,
            ),
            _ => messages::gettext("Field must be between %(min)d and %(max)d characters long."),
        };
        Verdict::Refuse(fill(&message, &values))
    }

    /// A rule whose message nothing is filled into, as in WTForms.
    fn plain(&self, holds: bool, default: &str) -> Verdict {
        if holds {
            return Verdict::Pass;
        }
        Verdict::Refuse(match &self.message {
            Some(own) => carboy::gettext(own),
            None => messages::gettext(default),
        })
    }
}

impl Rule {
    /// Its name, as the derive macros write it.
    pub(crate) fn name(&self) -> &'static str {
        match &self.kind {
            Kind::DataRequired => "data_required",
            Kind::InputRequired => "input_required",
            Kind::Optional { .. } => "optional",
            Kind::Length { .. } => "length",
            Kind::NumberRange { .. } => "number_range",
            Kind::DateRange { .. } => "date_range",
            Kind::Regexp { .. } => "regexp",
            Kind::Email(_) => "email",
            Kind::Url(_) => "url",
            Kind::Uuid => "uuid",
            Kind::IpAddress { .. } => "ip_address",
            Kind::MacAddress => "mac_address",
            Kind::AnyOf(_) => "any_of",
            Kind::NoneOf(_) => "none_of",
            Kind::EqualTo(_) => "equal_to",
            Kind::ReadOnly => "read_only",
            Kind::Disabled => "disabled",
            Kind::FileRequired => "file_required",
            Kind::FileAllowed(_) => "file_allowed",
            Kind::FileSize { .. } => "file_size",
            Kind::Custom(_) => "custom",
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule::{}", self.name())
    }
}

/// Asks the rules in their order; `errors` holds what was found before and gets what they find. Answers whether one ended the chain.
pub(crate) fn check_all<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    subject: &Subject<'_>,
    errors: &mut Vec<String>,
) -> bool {
    for rule in rules {
        match rule.check(subject) {
            Verdict::Pass => {}
            Verdict::Refuse(message) => errors.push(message),
            Verdict::Stop { message, clear } => {
                if clear {
                    errors.clear();
                }
                errors.extend(message);
                return true;
            }
        }
    }
    false
}
