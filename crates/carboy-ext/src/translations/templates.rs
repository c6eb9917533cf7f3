//! What templates see: the functions of gettext in Jinja's new style, and Flask-Babel's filters.

use carboy::{App, Markup, TemplateArgs, TemplateError, TemplateErrorKind, TemplateValue};

use super::cldr::decimal::Decimal;
use super::extension::{get_locale, get_timezone, lookup};
use super::format::{
    CurrencyOptions, DateFormat, FormatError, Moment, TimedeltaFormat, format_currency, format_date,
    format_datetime, format_decimal, format_list, format_number, format_percent, format_scientific,
    format_time, format_timedelta,
};
use super::text::Call;

type Answer = Result<TemplateValue, TemplateError>;

pub(super) fn install(app: &mut App) {
    for name in ["_", "gettext"] {
        app.template_global(name, |args: &TemplateArgs<'_>| text(args, false, false));
    }
    app.template_global("ngettext", |args: &TemplateArgs<'_>| text(args, false, true));
    app.template_global("pgettext", |args: &TemplateArgs<'_>| text(args, true, false));
    app.template_global("npgettext", |args: &TemplateArgs<'_>| text(args, true, true));
    app.template_global("get_locale", || get_locale().to_string());
    app.template_global("get_timezone", || get_timezone().iana_name().unwrap_or("UTC").to_owned());

    app.template_filter("datetimeformat", |args: &TemplateArgs<'_>| dated(args, format_datetime));
    app.template_filter("dateformat", |args: &TemplateArgs<'_>| dated(args, format_date));
    app.template_filter("timeformat", |args: &TemplateArgs<'_>| dated(args, format_time));
    app.template_filter("timedeltaformat", timedelta);
    app.template_filter("numberformat", |args: &TemplateArgs<'_>| -> Result<String, TemplateError> {
        format_number(number(args)?).map_err(wrong)
    });
    app.template_filter("decimalformat", |args: &TemplateArgs<'_>| patterned(args, format_decimal));
    app.template_filter("percentformat", |args: &TemplateArgs<'_>| patterned(args, format_percent));
    app.template_filter("scientificformat", |args: &TemplateArgs<'_>| patterned(args, format_scientific));
    app.template_filter("currencyformat", currency);
    app.template_filter("listformat", |args: &TemplateArgs<'_>| -> Result<String, TemplateError> {
        let items = args.get(0).unwrap_or_else(TemplateValue::undefined).items()?;
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let style: Option<String> = args.argument(1, "style")?;
        format_list(&items, style.as_deref().unwrap_or("standard")).map_err(wrong)
    });
}

fn wrong(error: FormatError) -> TemplateError {
    TemplateError::new(TemplateErrorKind::Runtime, error.to_string()).with_source(error)
}

/// A message: in a template that is escaped it is markup, in which the values are escaped. It is always filled, so that `%%` is a percent
/// sign everywhere.
fn text(args: &TemplateArgs<'_>, has_context: bool, has_plural: bool) -> Answer {
    let mut index = 0;
    let mut next = || -> Result<String, TemplateError> {
        let missing = || TemplateError::new(TemplateErrorKind::Runtime, "a message to translate is missing");
        let value = args.get(index).ok_or_else(missing)?;
        index += 1;
        Ok(value.to_string())
    };
    let context = if has_context { Some(next()?) } else { None };
    let message = next()?;
    let plural = if has_plural { Some(next()?) } else { None };
    let mut values = args.all_named();
    let number = match &plural {
        None => 0,
        Some(_) => {
            let index = if has_context { 3 } else { 2 };
            let number: f64 = args.argument(index, "num")?;
            let given =
                args.get(index).or_else(|| args.named("num")).unwrap_or_else(TemplateValue::undefined);
            if !values.iter().any(|(name, _)| name == "num") {
                values.push(("num".to_owned(), given));
            }
            number as i64
        }
    };
    let plural = plural.as_deref().map(|plural| (plural, number));
    let call = Call { context: context.as_deref(), message: &message, plural };
    let fill = |text: &str| {
        let text =
            if args.escapes() { TemplateValue::new(&Markup::new(text)) } else { TemplateValue::new(text) };
        text.percent(values.iter().cloned())
    };
    lookup(&call, |found| {
        match found {
        // What a translator misspelt must not break the page.
        Some(found) => fill(found).or_else(|error| {
            let original = call.original();
            tracing::error!(target: "carboy::translations", "a translation of {original:?} cannot be filled: {error}");
            fill(original)
        }),
        None => fill(call.original()),
    }
    })
}

fn dated(
    args: &TemplateArgs<'_>,
    format: impl Fn(Moment, DateFormat) -> Result<String, FormatError>,
) -> Result<String, TemplateError> {
    let value = args.get(0).unwrap_or_else(TemplateValue::undefined);
    // Nothing is now, as in Flask-Babel.
    let moment = if value.is_none() { Moment::now() } else { value.to_string().parse().map_err(wrong)? };
    let pattern: Option<String> = args.argument(1, "format")?;
    let rebase: Option<bool> = args.argument(2, "rebase")?;
    format(moment, DateFormat::from(pattern.as_deref()).rebase(rebase.unwrap_or(true))).map_err(wrong)
}

fn number(args: &TemplateArgs<'_>) -> Result<Decimal, TemplateError> {
    let value = args.get(0).unwrap_or_else(TemplateValue::undefined);
    let text = value.to_string();
    text.parse().map_err(|error: super::ParseDecimalError| {
        TemplateError::new(TemplateErrorKind::Runtime, error.to_string())
    })
}

fn patterned(
    args: &TemplateArgs<'_>,
    format: impl Fn(Decimal, Option<&str>) -> Result<String, FormatError>,
) -> Result<String, TemplateError> {
    let pattern: Option<String> = args.argument(1, "format")?;
    format(number(args)?, pattern.as_deref()).map_err(wrong)
}

fn currency(args: &TemplateArgs<'_>) -> Result<String, TemplateError> {
    let code: String = args.argument(1, "currency")?;
    let defaults = CurrencyOptions::default();
    let digits: Option<bool> = args.argument(3, "currency_digits")?;
    let kind: Option<String> = args.argument(4, "format_type")?;
    let options = CurrencyOptions {
        format: args.argument(2, "format")?,
        currency_digits: digits.unwrap_or(defaults.currency_digits),
        format_type: kind.unwrap_or(defaults.format_type),
    };
    format_currency(number(args)?, &code, options).map_err(wrong)
}

fn timedelta(args: &TemplateArgs<'_>) -> Result<String, TemplateError> {
    let value = args.get(0).unwrap_or_else(TemplateValue::undefined);
    let seconds = match value.to::<f64>() {
        Ok(seconds) => seconds,
        // The time since then.
        Err(_) => match value.to_string().parse::<Moment>().map_err(wrong)?.since() {
            Some(seconds) => seconds,
            None => {
                let text = format!("{value} is no span of time");
                return Err(TemplateError::new(TemplateErrorKind::Runtime, text));
            }
        },
    };
    let defaults = TimedeltaFormat::default();
    let granularity: Option<String> = args.argument(1, "granularity")?;
    let direction: Option<bool> = args.argument(2, "add_direction")?;
    let threshold: Option<f64> = args.argument(3, "threshold")?;
    let format = TimedeltaFormat {
        granularity: granularity.unwrap_or(defaults.granularity),
        add_direction: direction.unwrap_or(false),
        threshold: threshold.unwrap_or(defaults.threshold),
        format: defaults.format,
    };
    format_timedelta(seconds, format).map_err(wrong)
}
