//! What the compiler says about forms, checked input, the cache and roles: what lies in `pass` compiles and runs, what lies in `fail` is a mistake
//! each that a newcomer makes, with the error that it gives. After a change of a message:
//! `TRYBUILD=overwrite cargo test -p carboy-ext --features forms,cache,roles --test ui`.

#[cfg(feature = "forms")]
#[test]
fn forms_compile_and_mistakes_are_explained_where_they_are_made() {
    if !carboy_testkit::lean("forms_compile_and_mistakes_are_explained_where_they_are_made") {
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

#[cfg(feature = "cache")]
#[test]
fn caches_compile_and_mistakes_are_explained_where_they_are_made() {
    if !carboy_testkit::lean("caches_compile_and_mistakes_are_explained_where_they_are_made") {
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/cache/pass/*.rs");
    cases.compile_fail("tests/ui/cache/fail/*.rs");
}

#[cfg(feature = "roles")]
#[test]
fn roles_that_are_no_names_are_explained_where_they_are_written() {
    if !carboy_testkit::lean("roles_that_are_no_names_are_explained_where_they_are_written") {
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/roles/fail/*.rs");
}
