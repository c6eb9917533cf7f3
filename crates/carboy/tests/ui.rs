//! What the compiler says about views: `ui/pass` compiles and runs, `ui/fail` is a mistake each that a newcomer makes, with
//! the error that it gives. After a change of a message: `TRYBUILD=overwrite cargo test -p carboy --test ui`.

#[test]
fn views_compile_and_mistakes_are_explained_where_they_are_made() {
    if !carboy_testkit::lean("views_compile_and_mistakes_are_explained_where_they_are_made") {
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
