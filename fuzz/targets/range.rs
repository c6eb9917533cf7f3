//! A range lies within the body that it is asked of, and what is written of it is read as the same range.
//!
//! The input: the length of the body in eight bytes, then the field.
#![no_main]

use carboy_fuzz::{quick, text};
use carboy_http::{
    Method,
    conditional::{Conditions, Outcome, Validators, decide},
    headers::{ContentRange, IfRange, Range},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((length, value)) = data.split_first_chunk::<8>() else { return };
    let (length, value) = (u64::from_le_bytes(*length), text(value));
    quick(|| {
        if let Some(range) = Range::parse(value) {
            if let Some((start, stop)) = range.range_for_length(Some(length)) {
                assert!(start < stop && stop <= length, "{range:?} of {length}");
                let content = range.make_content_range(Some(length)).expect("there is a range");
                assert_eq!(ContentRange::parse(&content.to_header()), Some(content));
            }
            assert_eq!(Range::parse(&range.to_header()).as_ref(), Some(&range));
        }
        if let Some(range) = ContentRange::parse(value) {
            assert_eq!(ContentRange::parse(&range.to_header()), Some(range));
        }
        let (if_range, range) = carboy_fuzz::line(value);
        let parsed = IfRange::parse(if_range);
        let _ = parsed.to_header();
        let conditions = Conditions {
            range: Some(range.into()),
            if_range: (!if_range.is_empty()).then(|| if_range.into()),
            ..Conditions::default()
        };
        let validators = Validators { etag: Some("\"tag\""), last_modified: Some(784_111_777) };
        if let Outcome::Partial { start, stop, length: whole } =
            decide(&Method::GET, &conditions, validators, Some(length))
        {
            assert!(start < stop && stop <= whole && whole == length);
        }
    });
});
