//! A compiled catalogue is read or refused, within a time and a memory that its size bounds.
#![no_main]

use carboy_ext::fuzzing::translations::Catalogue;
use carboy_fuzz::quick;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let Ok(catalogue) = Catalogue::read(data) else { return };
        assert!(catalogue.len() <= data.len() / 8, "an entry has a place in a table");
        for message in ["", "Hello", "%(num)d apple"] {
            for context in [None, Some("menu")] {
                let _ = catalogue.get(context, message);
                for number in [0, 1, 2, 5, u64::MAX] {
                    let _ = catalogue.get_plural(context, message, number);
                }
            }
        }
    });
});
