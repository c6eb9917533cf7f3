use super::*;
use std::time::Instant;

/// All events of a body fed in chunks of this size; data of one part joined.
fn events(boundary: &str, body: &[u8], size: usize) -> Result<Vec<Event>, MultipartError> {
    let mut decoder = Decoder::new(boundary, None)?;
    let mut events = Vec::new();
    let mut data = Vec::new();
    let mut drain = |decoder: &mut Decoder| loop {
        match decoder.next_event()? {
            Event::NeedData => return Ok(()),
            Event::End => {
                events.push(Event::End);
                return Ok(());
            }
            Event::Data { bytes, last } => {
                data.extend_from_slice(&bytes);
                if last {
                    events.push(Event::Data { bytes: std::mem::take(&mut data).into(), last });
                }
            }
            event => events.push(event),
        }
    };
    for chunk in body.chunks(size.max(1)) {
        decoder.feed(chunk);
        drain(&mut decoder)?;
    }
    decoder.finish();
    drain(&mut decoder)?;
    Ok(events)
}

fn part(head: &str, data: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=a{head}\r\n\r\n{data}\r\n")
}

#[test]
fn the_memory_held_does_not_grow_with_the_data() {
    let mut decoder = Decoder::new("b", None).unwrap();
    decoder.feed(part("; filename=x", "").as_bytes());
    assert!(matches!(decoder.next_event(), Ok(Event::Part(_))));
    for _ in 0..1000 {
        decoder.feed(&[b'\r'; 1000]);
        while !matches!(decoder.next_event(), Ok(Event::NeedData)) {}
        assert!(decoder.buffer.len() < 16);
    }
    let mut decoder = Decoder::new("b", None).unwrap();
    for _ in 0..1000 {
        decoder.feed(&[b'-'; 1000]);
        assert_eq!(decoder.next_event(), Ok(Event::NeedData));
        assert!(decoder.buffer.len() < 16);
    }
}

/// The bodies of CVE-2023-25577, CVE-2023-46136 and CVE-2024-49767: Werkzeug searched what it held again with each chunk, and
/// held many times what had come.
#[test]
fn bodies_that_wore_werkzeug_out_are_looked_at_once_and_passed_on_as_they_come() {
    const CHUNK: usize = 64 * 1024;
    let line_end_first = [b"\r\n".to_vec(), vec![b'a'; 1 << 20]].concat();
    let fillers = [vec![b'\r'; 1 << 20], vec![b'\n'; 1 << 20], line_end_first, b"\r\n--".repeat(1 << 18)];
    for (head, filler) in ["; filename=x", ""].iter().flat_map(|head| fillers.iter().map(move |f| (head, f)))
    {
        let mut decoder = Decoder::new("boundary", None).unwrap();
        decoder
            .feed(format!("--boundary\r\nContent-Disposition: form-data; name=a{head}\r\n\r\n").as_bytes());
        assert!(matches!(decoder.next_event(), Ok(Event::Part(_))));
        // A hundred times over, so that what is held would show.
        for chunk in std::iter::repeat_n(filler.chunks(CHUNK), 100).flatten() {
            decoder.feed(chunk);
            let mut passed = 0;
            while let Event::Data { bytes, .. } = decoder.next_event().unwrap() {
                passed += bytes.len();
            }
            // What is left to be searched again is shorter than a delimiter, whatever came before it.
            assert!(decoder.buffer.len() <= "\r\n--boundary".len() + 2, "{}", decoder.buffer.len());
            assert!(passed + 16 >= chunk.len(), "{passed} of {}", chunk.len());
        }
    }
    let parts = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(2000);
    let mut decoder = Decoder::new("b", Some(1000)).unwrap();
    decoder.feed(parts.as_bytes());
    let mut seen = 0;
    let error = loop {
        match decoder.next_event() {
            Ok(Event::Part(_)) => seen += 1,
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!((seen, error), (1000, MultipartError::TooLarge));
}

#[test]
#[ignore = "measures time: part of `cargo xtask full`"]
fn long_the_time_is_linear_in_the_bytes_whatever_they_are() {
    let boundary = "-".repeat(200) + "x";
    let fillers: [&[u8]; 6] = [b"\r", b"\n", b"\r\n", b"-", b"\r\n--", b"\r\n--------"];
    for filler in fillers {
        let time = |length: usize| {
            let mut body =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=a; filename=x\r\n\r\n")
                    .into_bytes();
            body.extend(filler.iter().cycle().take(length));
            let start = Instant::now();
            assert!(events(&boundary, &body, 4096).is_err());
            start.elapsed().as_secs_f64()
        };
        let best = |length| (0..3).map(|_| time(length)).fold(f64::MAX, f64::min);
        // Quadratic time would make it sixty-four each time; a busy machine only now and then.
        let ratios: Vec<f64> = (0..5).map(|_| best(1 << 19) / best(1 << 16)).collect();
        assert!(ratios.iter().any(|ratio| *ratio < 32.0), "{filler:?}: {ratios:?}");
    }
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let long = part(&format!("\r\nX: {}", "x".repeat(MAX_HEADER_BYTES)), "1") + "--b--";
    let many = part(&"\r\nX: 1".repeat(MAX_HEADER_FIELDS), "1") + "--b--";
    let endless = format!("--b\r\n{}", "x".repeat(MAX_HEADER_BYTES + 1));
    for body in [long, many, endless] {
        for size in [1, 100, usize::MAX] {
            assert_eq!(events("b", body.as_bytes(), size), Err(MultipartError::TooLarge));
        }
    }
    assert!(
        events("b", (part(&"\r\nX: 1".repeat(MAX_HEADER_FIELDS - 1), "1") + "--b--").as_bytes(), 9).is_ok()
    );
}

#[test]
fn too_many_parts_are_refused() {
    let body = part("", "1").repeat(5) + "--b--";
    let mut decoder = Decoder::new("b", Some(4)).unwrap();
    decoder.feed(body.as_bytes());
    let error = loop {
        match decoder.next_event() {
            Ok(event) => assert_ne!(event, Event::End),
            Err(error) => break error,
        }
    };
    assert_eq!(error, MultipartError::TooLarge);
}

#[test]
fn a_boundary_must_be_of_use() {
    for boundary in ["", "é", &"x".repeat(MAX_BOUNDARY + 1)] {
        assert!(Decoder::new(boundary, None).is_err());
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b"--b".to_vec()),
            Just(b"--b--".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"-".to_vec()),
            Just(b" ".to_vec()),
            Just(b"Content-Disposition: form-data; name=a".to_vec()),
            Just(b"Content-Disposition: form-data; name=a; filename=\"x".to_vec()),
            prop::collection::vec(any::<u8>(), 0..6),
        ]
    }

    proptest! {
        #[test]
        fn no_input_panics_and_chunks_make_no_difference(
            pieces in prop::collection::vec(piece(), 0..40),
            size in 1_usize..40,
        ) {
            let body = pieces.concat();
            let whole = events("b", &body, usize::MAX);
            prop_assert_eq!(&events("b", &body, 1), &whole);
            prop_assert_eq!(&events("b", &body, size), &whole);
        }

        #[test]
        fn what_is_sent_is_what_arrives(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5), size in 1_usize..64) {
            let boundary = "0a1b2c3d4e5f";
            let mut body = Vec::new();
            for value in &values {
                body.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=a; filename=x\r\n\r\n").as_bytes());
                body.extend_from_slice(value);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            let events = events(boundary, &body, size).unwrap();
            let data: Vec<Vec<u8>> = events.into_iter().filter_map(|event| match event {
                Event::Data { bytes, .. } => Some(bytes.to_vec()),
                _ => None,
            }).collect();
            prop_assert_eq!(data, values);
        }
    }
}
