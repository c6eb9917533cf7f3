//! Conditional requests and ranges.

use crate::{must, text};
use carboy_conformance::{replay, same};
use carboy_http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    conditional::{Conditions, Outcome, Validators, decide, is_resource_modified},
    date::parse_date_unix,
    headers::ContentRange,
};
use serde_json::json;

// rows: E20 F21 O9
#[test]
fn ranges_and_conditions_are_decided_as_werkzeug_decides_them() {
    replay(
        "conditional/conditional.json",
        "",
        &["modified", "modified_if_range", "status", "content_range", "content_length"],
        500,
        |row| {
            let mut headers = HeaderMap::new();
            for (name, value) in row["fields"].as_object().unwrap() {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
            }
            let conditions = Conditions::of(&headers);
            let validators = Validators {
                etag: text(row, "etag"),
                last_modified: text(row, "last_modified").and_then(parse_date_unix),
            };
            let modified = is_resource_modified(&conditions, validators, false);
            same("modified", Some(modified), row["modified"].as_bool())?;
            let modified = is_resource_modified(&conditions, validators, true);
            same("modified_if_range", Some(modified), row["modified_if_range"].as_bool())?;
            let method = Method::from_bytes(must(row, "method").as_bytes()).unwrap();
            let (status, range, length) =
                match decide(&method, &conditions, validators, row["length"].as_u64()) {
                    Outcome::Full => (200, None, None),
                    Outcome::NotModified => (304, None, None),
                    Outcome::PreconditionFailed => (412, None, None),
                    Outcome::Partial { start, stop, length } => {
                        (206, ContentRange::new(start, stop, Some(length)), Some(stop - start))
                    }
                    Outcome::RangeNotSatisfiable { length } => {
                        (416, Some(ContentRange::unsatisfied(length)), None)
                    }
                };
            same("status", Some(status), row["status"].as_u64())?;
            let range = range.map(|range| range.to_header());
            same("content_range", range.as_deref(), text(row, "content_range"))?;
            same("content_length", &json!(length), &row["content_length"])
        },
    );
}
