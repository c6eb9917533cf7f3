//! Dates, numbers, spans, lists and names of locales, as Flask-Babel writes them.

use carboy::AppService;
use carboy_conformance::{load, replay};
use carboy_ext::translations::*;
use serde_json::Value;
use std::sync::Mutex;

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap_or_default()
}

/// An app whose language and time zone are those of a case.
struct Speaker {
    service: AppService,
}

static ASKED: Mutex<(String, String)> = Mutex::new((String::new(), String::new()));

impl Speaker {
    fn new() -> Self {
        let mut app = super::plain();
        app.ext(
            Translations::new()
                .locale_selector(|| Some(ASKED.lock().unwrap().0.clone()))
                .timezone_selector(|| Some(ASKED.lock().unwrap().1.clone())),
        );
        Speaker { service: app.build().unwrap() }
    }

    fn ask<T>(&self, case: &Value, f: impl FnOnce() -> T) -> T {
        *ASKED.lock().unwrap() =
            (text(case, "locale").to_owned(), case["zone"].as_str().unwrap_or("UTC").to_owned());
        self.service.test_request_context("/", f)
    }
}

static ALONE: Mutex<()> = Mutex::new(());

fn same(got: Result<String, FormatError>, case: &Value) -> Result<(), String> {
    match got {
        Ok(got) if Some(got.as_str()) == case["out"].as_str() => Ok(()),
        Ok(got) => Err(format!("{got:?} instead of {:?}", text(case, "out"))),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn dates_and_times_are_those_of_flask_babel() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let speaker = Speaker::new();
    replay("translations/dates.json", "", &["/out"], 3000, |case| {
        let value = text(case, "value");
        let moment: Moment = match text(case, "kind") {
            "date" => value[..10].parse::<jiff::civil::Date>().unwrap().into(),
            "time" => value[11..].parse::<jiff::civil::Time>().unwrap().into(),
            "naive" => value.parse::<jiff::civil::DateTime>().unwrap().into(),
            _ => format!("{value}Z").parse::<jiff::Timestamp>().unwrap().into(),
        };
        let format = DateFormat::from(text(case, "format")).rebase(case["rebase"].as_bool().unwrap());
        let got = speaker.ask(case, || match text(case, "do") {
            "date" => format_date(moment, format),
            "time" => format_time(moment, format),
            _ => format_datetime(moment, format),
        });
        same(got, case)
    });
}

#[test]
fn numbers_and_money_are_those_of_flask_babel() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let speaker = Speaker::new();
    replay("translations/numbers.json", "", &["/out"], 5000, |case| {
        // The number was a float where its text is that of a float.
        let value = text(case, "value");
        let number: Decimal = match value.parse::<f64>() {
            Ok(float) if format!("{float:?}") == value => float.into(),
            _ => value.parse().unwrap(),
        };
        let format = case["format"].as_str();
        let got = speaker.ask(case, || match text(case, "do") {
            "decimal" => format_decimal(number, format),
            "percent" => format_percent(number, format),
            "scientific" => format_scientific(number, format),
            _ => {
                let options = CurrencyOptions {
                    format: format.map(str::to_owned),
                    currency_digits: case["digits"].as_bool().unwrap(),
                    format_type: text(case, "type").to_owned(),
                };
                format_currency(number, text(case, "currency"), options)
            }
        });
        same(got, case)
    });
}

#[test]
fn spans_lists_and_names_are_those_of_babel() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let speaker = Speaker::new();
    replay("translations/words.json", "", &["/out"], 2000, |case| {
        let names = |got: Vec<&str>| {
            let out: Vec<&str> = case["out"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            if got == out { Ok(()) } else { Err(format!("{got:?} instead of {out:?}")) }
        };
        match text(case, "do") {
            "timedelta" => {
                let format = TimedeltaFormat {
                    granularity: text(case, "granularity").to_owned(),
                    add_direction: case["direction"].as_bool().unwrap(),
                    threshold: case["threshold"].as_f64().unwrap(),
                    ..Default::default()
                };
                let span = case["value"].as_f64().unwrap();
                same(speaker.ask(case, || format_timedelta(span, format)), case)
            }
            "list" => {
                let items: Vec<&str> =
                    case["value"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                same(speaker.ask(case, || format_list(&items, text(case, "style"))), case)
            }
            "months" => names(Locale::parse(text(case, "locale")).unwrap().month_names(text(case, "width"))),
            _ => names(Locale::parse(text(case, "locale")).unwrap().day_names(text(case, "width"))),
        }
    });
}

#[test]
fn locales_are_found_named_and_negotiated_as_in_babel() {
    replay("translations/locales.json", "", &["/out"], 500, |case| {
        if text(case, "do") == "negotiate" {
            let all = |key: &str| -> Vec<String> {
                case[key].as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let (preferred, available) = (all("preferred"), all("available"));
            let found =
                Locale::negotiate(preferred.iter().map(String::as_str), available.iter().map(String::as_str));
            assert_eq!(found.map(|locale| locale.to_string()), case["out"].as_str().map(str::to_owned));
            return;
        }
        let found = Locale::parse(text(case, "name"));
        match (&case["out"], found) {
            (Value::Null, Err(_)) => {}
            (Value::Null, Ok(found)) => panic!("{found} is no locale"),
            (out, Err(error)) => panic!("{error}: {out}"),
            (out, Ok(found)) => {
                let german = Locale::parse("de").unwrap();
                assert_eq!(found.to_string(), text(out, "name"));
                assert_eq!(found.display_name(), text(out, "display"));
                assert_eq!(found.display_name_in(&german), text(out, "in_de"));
                assert_eq!(found.language_name(), text(out, "language"));
                assert_eq!(found.territory_name(), out["territory"].as_str());
                assert_eq!(found.is_rtl(), out["rtl"].as_bool().unwrap());
            }
        }
    });
}

#[test]
fn the_plural_forms_of_cldr_are_chosen_as_in_babel() {
    replay("translations/plurals.json", "/cldr", &["/out"], 200, |case| {
        let locale = Locale::parse(text(case, "locale")).unwrap();
        let numbers = case["numbers"].as_array().unwrap().iter().filter_map(Value::as_str);
        let forms: Vec<&str> =
            numbers.map(|number| locale.plural_form(number.parse::<Decimal>().unwrap())).collect();
        assert_eq!(forms.join(" "), text(case, "out"));
    });
}

#[test]
fn every_locale_of_babel_has_data() {
    let count = load("translations/locales.json").as_array().unwrap().len();
    assert!(count > 500);
    for name in ["af", "de", "en_001", "sr_Latn_BA", "zh_Hant_HK", "yue", "zu"] {
        let locale = Locale::parse(name).unwrap();
        assert_eq!(locale.to_string(), name);
        assert_eq!(locale.month_names("wide").len(), 12, "{name}");
        assert!(!locale.display_name().is_empty());
    }
}
