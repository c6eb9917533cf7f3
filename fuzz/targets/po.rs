//! A catalogue as text that was read is written so that it reads back equal, and says the same once it is compiled.
#![no_main]

use carboy_ext::fuzzing::translations::{Catalogue, Text};
use carboy_fuzz::quick;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quick(|| {
        let Ok(file) = Text::read(data) else { return };
        let (catalogue, written) = match (file.catalogue(), file.write()) {
            (Ok(catalogue), Ok(written)) => (catalogue, written),
            // The rule of plurals is wrong for both.
            (Err(_), Err(_)) => return,
            (catalogue, written) => panic!("{:?} {:?}", catalogue.err(), written.err()),
        };
        let again = match Text::read(written.as_bytes()) {
            Ok(again) => again,
            Err(what) => panic!("{what}: {written}"),
        };
        let messages = file.messages().expect("the rule is right");
        assert_eq!(again.messages().as_ref(), Ok(&messages));
        assert_eq!(again.write().map(|text| without_comments(&text)), Ok(without_comments(&written)));

        let compiled = Catalogue::read(&file.compile()).expect("what was compiled can be read");
        assert_eq!(compiled.len(), catalogue.len());
        for message in &messages {
            let (context, id) = (message.context.as_deref(), message.message.as_str());
            assert_eq!(compiled.get(context, id), catalogue.get(context, id), "{message:?}");
            for number in [0, 1, 2, 5, 11, 100, u64::MAX] {
                assert_eq!(
                    compiled.get_plural(context, id, number),
                    catalogue.get_plural(context, id, number),
                    "{message:?}"
                );
            }
        }
    });
});

/// A long comment is broken into lines, and of lines that are equal then one stays, as with Babel; and nothing escapes the mark at the end of a place when it
/// is part of a file's name.
fn without_comments(text: &str) -> String {
    let is_comment = |line: &&str| ["# ", "#. ", "#: "].iter().any(|mark| line.starts_with(mark));
    text.split_inclusive('\n').filter(|line| !is_comment(line)).collect()
}
