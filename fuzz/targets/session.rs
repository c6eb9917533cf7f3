//! A session's payload is read or refused, and what is written of it is read as the same session.
#![no_main]

use carboy::session::TaggedJson;
use carboy_fuzz::quick;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let json = TaggedJson;
        let Ok(dict) = json.loads(data) else { return };
        // Tags are nested deeper than what they stand for: what was read can be too deep to be written.
        let Ok(written) = json.dumps(&dict) else { return };
        assert!(written.is_ascii());
        let again = json.loads(&written).expect("what was written can be read");
        let rewritten = json.dumps(&again).expect("what was read can be written again");
        assert_eq!(String::from_utf8_lossy(&rewritten), String::from_utf8_lossy(&written));
    });
});
