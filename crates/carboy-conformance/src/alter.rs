//! Altering an expectation a little, so that it stays of its kind.

use serde_json::{Map, Value, json};

/// Alters the value: text keeps its length, a list or a mapping is altered in its first value.
pub(crate) fn alter(value: &mut Value) {
    match value {
        Value::Null => *value = json!("altered"),
        Value::Bool(truth) => *truth = !*truth,
        Value::Number(number) => {
            *value = match (number.as_i64(), number.as_f64()) {
                (Some(i64::MAX), _) => json!(0),
                (Some(number), _) => json!(number + 1),
                (None, Some(number)) => json!(number / 2.0 + 1.0),
                (None, None) => json!("altered"),
            }
        }
        Value::String(text) => *text = altered(text),
        Value::Array(items) => match items.first_mut() {
            Some(first) => alter(first),
            None => items.push(json!("altered")),
        },
        Value::Object(entries) => alter_entry(entries),
    }
}

fn alter_entry(entries: &mut Map<String, Value>) {
    match entries.values_mut().next() {
        Some(first) => alter(first),
        None => {
            entries.insert("altered".to_owned(), json!("altered"));
        }
    }
}

/// The first letter or digit becomes its neighbour.
fn altered(text: &str) -> String {
    let Some(place) = text.find(|c: char| c.is_ascii_alphanumeric()) else { return format!("{text}x") };
    let neighbour = match text.as_bytes()[place] {
        b'9' => '0',
        b'Z' => 'A',
        b'z' => 'a',
        byte => char::from(byte + 1),
    };
    format!("{}{neighbour}{}", &text[..place], &text[place + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_becomes_another_of_its_kind() {
        for (before, after) in [
            (json!(null), json!("altered")),
            (json!(true), json!(false)),
            (json!(41), json!(42)),
            (json!(1.0), json!(1.5)),
            (json!("\"a9\""), json!("\"b9\"")),
            (json!("Zz"), json!("Az")),
            (json!("é"), json!("éx")),
            (json!([]), json!(["altered"])),
            (json!([["a", 1], 2]), json!([["b", 1], 2])),
            (json!({}), json!({"altered": "altered"})),
            (json!({"k": {"d": 1}}), json!({"k": {"d": 2}})),
        ] {
            let mut value = before.clone();
            alter(&mut value);
            assert_eq!(value, after, "{before}");
        }
    }
}
