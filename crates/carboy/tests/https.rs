//! `run` with `--cert` and `--key`.

use carboy::prelude::*;

/// What `run` with these options says, and its exit code.
fn run(options: &[&str]) -> (i32, String) {
    let mut app = App::new("shop");
    let words = ["run", "--port", "0"].iter().chain(options).copied();
    let result = app.test_cli_runner().invoke(words);
    (result.exit_code, result.output)
}

#[test]
fn a_wrong_use_of_the_options_is_told_in_flasks_words() {
    for (options, sentence) in [
        (&["--key", "key.pem"][..], "\"--cert\" must also be specified."),
        (&["--cert", "adhoc", "--key", "key.pem"], "When \"--cert\" is \"adhoc\", \"--key\" is not used."),
        (&["--cert", "cert.pem"], "Required when using \"--cert\"."),
    ] {
        let (code, said) = run(options);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
#[cfg(feature = "tls")]
fn files_that_are_no_use_are_one_sentence() {
    let (code, said) = run(&["--cert", "no-such.pem", "--key", "no-such.key"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("There is no certificate file no-such.pem"), "{said}");
}

#[test]
#[cfg(not(feature = "tls"))]
fn a_program_without_the_feature_says_what_it_lacks() {
    let (code, said) = run(&["--cert", "adhoc"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("build it with the feature \"tls\" of carboy"), "{said}");
}
