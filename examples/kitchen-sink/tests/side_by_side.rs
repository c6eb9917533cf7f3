//! The kitchen sink beside its twin in Flask, over sockets: `driver/` asks both and compares what they answer.

use std::process::Command;

/// Runs the driver: whether all is well, and what it said.
fn run(args: &[&str]) -> (bool, String) {
    let output = Command::new(carboy_testkit::python())
        .args(["-B", "-m", "driver", "--carboy", env!("CARGO_BIN_EXE_kitchen-sink")])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("Python starts");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.success(), said.join("\n"))
}

fn drive(args: &[&str]) {
    let (well, said) = run(args);
    assert!(well, "{said}");
    println!("{said}");
}

/// 4,000 requests in each of five runs: with the host trusted and not, with the CSRF check and without, with the default settings and
/// with others; two thirds of them are written, the others are made up from a seed.
#[test]
#[ignore = "needs Python"]
fn flask_and_carboy_answer_the_same_requests_alike() {
    drive(&["--requests", "20000"]);
}

/// Sessions with every tag, messages, CSRF tokens, logins, remember-me cookies, reset tokens, password hashes, and a new key.
#[test]
#[ignore = "needs Python"]
fn what_flask_and_carboy_make_the_other_takes() {
    drive(&["--hand"]);
}

#[test]
#[ignore = "needs Python"]
fn a_setting_that_differs_on_one_side_is_noticed() {
    for (planted, where_it_shows) in [
        ("MAX_FORM_PARTS=19", "unexplained: POST echo/body: status"),
        ("SECRET_KEY=other", "unexplained: GET session/count: set-cookie"),
        ("SESSION_COOKIE_HTTPONLY=false", "unexplained: GET session/count: set-cookie"),
        ("TRUSTED_HOSTS=[\".example\"]", "unexplained: GET echo/target: status"),
    ] {
        let (well, said) = run(&["--requests", "1", "--run", "2", "--plant", planted]);
        assert!(!well && said.contains(where_it_shows), "{planted}: {said}");
    }
}
