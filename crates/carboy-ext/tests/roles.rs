//! What somebody may do, as tables: users × views.
#![cfg(feature = "roles")]

use carboy::{prelude::*, testing::TestClient};
use carboy_ext::login::{CurrentUser, Login, User, fresh_login_required, login_required, testing};
use carboy_ext::roles::{
    DenyByDefault, HasPermission, HasRole, PermissionName, Policy, RoleName, Roles, authorize, authorize_if,
    can, has_role, public, require_permission, require_role,
};
use std::collections::BTreeMap;

/// The id says the roles: `user+guest`; `nil` is a user without any.
#[derive(Clone, serde::Serialize)]
struct Member {
    id: String,
}

impl Member {
    fn new(id: &str) -> Self {
        Member { id: id.to_owned() }
    }

    fn roles(&self) -> Vec<String> {
        self.id.split('+').map(str::to_owned).collect()
    }
}

impl User for Member {
    fn get_id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        !self.id.contains("banned")
    }
}

/// `admin` > `editor` > `user`, and `admin` > `support`; `guest` stands alone.
fn roles() -> Roles {
    Roles::new(Member::roles)
        .role("admin", |role| role.includes("editor").includes("support").may(["user:ban"]))
        .role("support", |role| role.may(["ticket:answer"]))
        .role("editor", |role| role.includes("user").may(["post:edit", "post:delete"]))
        .role("user", |role| role.may(["post:read", "post:write"]))
        .role("guest", |role| role.may(["post:read"]))
}

fn blog() -> App {
    let mut app = App::new("blog");
    app.config().set("SECRET_KEY", "dev");
    app.ext(Login::new(|id: String| async move { carboy::Result::<_>::Ok(Some(Member { id })) }))
        .ext(roles());
    app
}

/// What each of these users is answered in each of these places.
fn table(client: &TestClient, users: &[&str], places: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for user in users {
        let client = client.app().test_client();
        if *user != "nobody" {
            testing::log_in(&client, &Member::new(user));
        }
        let answers = places.iter().map(|place| client.get(place).send().status().as_str().to_owned());
        lines.push(format!("{user}: {}", answers.collect::<Vec<_>>().join(" ")));
    }
    lines
}

struct Editor;

impl RoleName for Editor {
    const NAME: &'static str = "editor";
}

struct Ban;

impl PermissionName for Ban {
    const NAME: &'static str = "user:ban";
}

#[route("/user", guard = require_role("user"))]
fn user() {}

#[route("/editor", guard = require_role("editor"))]
fn editor() {}

#[route("/admin", guard = require_role("admin"))]
fn admin() {}

#[route("/support", guard = require_role("support"))]
fn support() {}

#[route("/read", guard = require_permission("post:read"))]
fn read() {}

#[route("/edit", guard = require_permission("post:edit"))]
fn edit() {}

#[route("/answer", guard = require_permission("ticket:answer"))]
fn answer() {}

#[route("/as-editor")]
fn as_editor(_editor: HasRole<Editor>) {}

#[route("/as-banner")]
fn as_banner(_ban: HasPermission<Ban>) {}

#[route("/both", guard = [require_role("guest"), require_permission("post:write")])]
fn both() {}

#[route("/open")]
fn open(_editor: Option<HasRole<Editor>>) {}

const USERS: [&str; 9] =
    ["nobody", "nil", "guest", "user", "user+guest", "editor", "support", "admin", "admin+banned"];

#[test]
fn roles_have_what_they_include_and_nobody_else_does() {
    let client = blog()
        .routes(routes![user, editor, admin, support, read, edit, answer, as_editor, as_banner, both, open])
        .test_client();
    let places = [
        "/user",
        "/editor",
        "/admin",
        "/support",
        "/read",
        "/edit",
        "/answer",
        "/as-editor",
        "/as-banner",
        "/both",
        "/open",
    ];
    assert_eq!(
        table(&client, &USERS, &places),
        [
            "nobody: 401 401 401 401 401 401 401 401 401 401 200",
            "nil: 403 403 403 403 403 403 403 403 403 403 200",
            "guest: 403 403 403 403 200 403 403 403 403 403 200",
            "user: 200 403 403 403 200 403 403 403 403 403 200",
            "user+guest: 200 403 403 403 200 403 403 403 403 200 200",
            "editor: 200 200 403 403 200 200 403 200 403 403 200",
            "support: 403 403 403 200 403 403 200 403 403 403 200",
            "admin: 200 200 200 200 200 200 200 200 200 403 200",
            "admin+banned: 401 401 401 401 401 401 401 401 401 401 200",
        ]
    );
}

struct Post {
    author: &'static str,
    published: bool,
}

impl Policy<Member> for Post {
    fn allows(&self, member: &Member, action: &str) -> bool {
        match action {
            "read" => self.published || member.id == self.author,
            "edit" => member.id == self.author || can("post:edit"),
            _ => false,
        }
    }
}

#[route("/posts/<author>/<action>")]
fn on_post(author: String, action: String) -> Result<String, Error> {
    let post = Post { author: if author == "user" { "user" } else { "editor" }, published: author == "user" };
    Ok(authorize::<Member>(&action, &post)?.id.clone())
}

#[route("/mine/<author>")]
fn mine(author: String) -> Result<(), Error> {
    authorize_if(|member: &Member| member.id == author)?;
    Ok(())
}

#[test]
fn a_thing_says_who_may_do_what_with_it() {
    let client = blog().routes(routes![on_post, mine]).test_client();
    let places = [
        "/posts/user/read",
        "/posts/user/edit",
        "/posts/editor/read",
        "/posts/editor/edit",
        "/posts/editor/burn",
        "/mine/user",
    ];
    assert_eq!(
        table(&client, &["nobody", "nil", "user", "editor", "admin"], &places),
        [
            "nobody: 401 401 401 401 401 401",
            "nil: 200 403 403 403 403 403",
            "user: 200 200 403 403 403 200",
            "editor: 200 200 200 200 403 403",
            "admin: 200 200 403 200 403 403",
        ]
    );
}

#[route("/", guard = require_role("admin"))]
fn ruled() {}

#[route("/help", guard = public())]
fn help() {}

#[route("/account", guard = login_required)]
fn account() {}

#[route("/password", guard = fresh_login_required)]
fn password() {}

#[route("/me")]
fn me(_member: CurrentUser<Member>) {}

#[route("/argument")]
fn argument(_editor: HasRole<Editor>) {}

#[route("/maybe")]
fn maybe(_editor: Option<HasRole<Editor>>) {}

fn watch() {}

/// It has a guard that is no rule.
#[route("/forgotten", methods = ["GET", "POST"], guard = watch)]
fn forgotten() {}

fn locked() -> App {
    let mut nested = Blueprint::new("nested");
    nested.url_prefix("/nested").routes(routes![forgotten, help]);
    let mut ruled_as_a_whole = Blueprint::new("whole");
    ruled_as_a_whole.url_prefix("/whole").guard(require_role("editor")).routes(routes![forgotten]);
    let mut area = Blueprint::new("area");
    area.url_prefix("/area").deny_by_default().register(nested).register(ruled_as_a_whole);
    area.routes(routes![ruled, help, account, password, me, argument, maybe, forgotten]);
    let mut app = blog();
    app.register(area).routes(routes![forgotten]);
    app
}

#[test]
fn in_a_blueprint_that_denies_by_default_a_view_without_a_rule_is_for_nobody() {
    let client = locked().test_client();
    let places = [
        "/area/",
        "/area/help",
        "/area/account",
        "/area/password",
        "/area/me",
        "/area/argument",
        "/area/maybe",
        "/area/forgotten",
        "/area/nested/forgotten",
        "/area/nested/help",
        "/area/whole/forgotten",
        "/forgotten",
        "/area/missing",
    ];
    assert_eq!(
        table(&client, &["nobody", "nil", "editor", "admin"], &places),
        [
            "nobody: 401 200 401 401 401 401 403 403 403 200 401 200 404",
            "nil: 403 200 200 200 200 403 403 403 403 200 403 200 404",
            "editor: 403 200 200 200 200 200 403 403 403 200 200 200 404",
            "admin: 200 200 200 200 200 200 403 403 403 200 200 200 404",
        ]
    );
    assert_eq!(client.post("/area/forgotten").send().status(), 403);
    assert_eq!(client.options("/area/forgotten").send().status(), 200);
    assert_eq!(client.options("/area/").send().status(), 200);
}

#[test]
fn check_lists_the_views_that_nobody_may_enter() {
    let result = locked().test_cli_runner().invoke(["check"]);
    let denied = |endpoint: &str| format!("nobody may enter the view '{endpoint}'");
    for endpoint in ["area.forgotten", "area.maybe", "area.nested.forgotten"] {
        assert!(result.output.contains(&denied(endpoint)), "{endpoint}: {}", result.output);
    }
    assert_eq!(result.output.matches("nobody may enter").count(), 3, "{}", result.output);
}

#[test]
fn those_who_may_not_are_sent_to_log_in_or_told_by_the_error_handlers() {
    let mut app = App::new("blog");
    app.config().set("SECRET_KEY", "dev");
    let login = Login::new(|id: String| async move { carboy::Result::<_>::Ok(Some(Member { id })) });
    app.ext(roles()).ext(login.login_view("/login"));
    app.errorhandler(403, |_| ("not you", 403)).routes(routes![admin, on_post, as_editor]);
    let client = app.test_client();
    for path in ["/admin", "/posts/user/edit", "/as-editor"] {
        let location = client.get(path).send().location().unwrap().to_owned();
        assert!(location.starts_with("/login?next=%2F"), "{path}: {location}");
    }
    testing::log_in(&client, &Member::new("guest"));
    for path in ["/admin", "/posts/user/edit", "/as-editor"] {
        assert_eq!(client.get(path).send().text(), "not you", "{path}");
    }
}

#[test]
fn templates_and_code_ask_for_roles_and_permissions() {
    #[route("/page")]
    fn page() -> carboy::Result<Html> {
        let template = "{{ has_role('editor') }} {{ has_role('user') }} {{ can('post:edit') }} {{ can('post:red') }} {{ has_role('amdin') }}";
        carboy::render_template_string(template, context! {})
    }
    #[route("/code")]
    fn code() -> String {
        format!("{} {} {}", has_role("editor"), can("post:edit"), has_role("amdin"))
    }
    let client = blog().routes(routes![page, code]).test_client();
    assert_eq!(client.get("/page").send().text(), "False False False False False");
    assert_eq!(client.get("/code").send().text(), "false false false");
    testing::log_in(&client, &Member::new("editor"));
    assert_eq!(client.get("/page").send().text(), "True True True False False");
    assert_eq!(client.get("/code").send().text(), "true true false");
    testing::log_in(&client, &Member::new("amdin"));
    assert_eq!(
        client.get("/code").send().text(),
        "false false false",
        "a role that there is not grants nothing"
    );
}

#[test]
fn with_login_disabled_everybody_is_let_in() {
    let mut app = blog();
    app.config().set("LOGIN_DISABLED", true);
    let client = app.routes(routes![admin, as_editor, edit]).test_client();
    assert_eq!(
        table(&client, &["nobody", "guest"], &["/admin", "/as-editor", "/edit"]),
        ["nobody: 200 200 200", "guest: 200 200 200"]
    );
}

#[test]
fn what_cannot_be_meant_keeps_the_app_from_starting() {
    let refused = |roles: Roles, routes: carboy::view::Routes| {
        let mut app = App::new("blog");
        app.ext(Login::new(|id: String| async move { carboy::Result::<_>::Ok(Some(Member { id })) }));
        app.ext(roles).routes(routes).build().err().expect("refused").to_string()
    };
    let none = || routes![];
    let circle =
        Roles::new(Member::roles).role("a", |role| role.includes("b")).role("b", |role| role.includes("a"));
    let error = refused(circle, none());
    assert!(error.contains("roles include each other in a circle: a > b > a"), "{error}");
    let error = refused(Roles::new(Member::roles).role("a", |role| role.includes("b")), none());
    assert!(error.contains("the role 'a' includes 'b', which there is not"), "{error}");
    let error = refused(Roles::new(Member::roles).role("a", |role| role).role("a", |role| role), none());
    assert!(error.contains("the role 'a' is described twice"), "{error}");
    #[route("/x", guard = [require_role("amdin"), require_permission("post:red")])]
    fn misspelt() {}
    let error = refused(roles(), routes![misspelt, as_banner]);
    assert!(error.contains("the view 'misspelt' is for nobody, because there is no role 'amdin'"), "{error}");
    assert!(
        error.contains("the view 'misspelt' is for nobody, because no role permits 'post:red'"),
        "{error}"
    );
    assert!(!error.contains("as_banner"), "{error}");

    let error = App::new("blog").ext(roles()).build().err().unwrap().to_string();
    assert!(error.contains("Login is not registered"), "{error}");
    let error = App::new("blog").routes(routes![as_editor]).build().err().unwrap().to_string();
    assert!(error.contains("Roles is not registered"), "{error}");
}

#[test]
fn every_combination_of_two_roles_has_the_sum_of_both() {
    let client = blog().routes(routes![user, editor, admin, support, read, edit, answer]).test_client();
    let places = ["/user", "/editor", "/admin", "/support", "/read", "/edit", "/answer"];
    let single = ["nil", "guest", "user", "editor", "support", "admin"];
    let allowed = |who: &str| -> Vec<bool> {
        let client = client.app().test_client();
        testing::log_in(&client, &Member::new(who));
        places.iter().map(|place| client.get(place).send().status() == 200).collect()
    };
    let alone: BTreeMap<&str, Vec<bool>> = single.iter().map(|role| (*role, allowed(role))).collect();
    for one in single {
        for other in single {
            let sum: Vec<bool> = alone[one].iter().zip(&alone[other]).map(|(a, b)| *a || *b).collect();
            assert_eq!(allowed(&format!("{one}+{other}")), sum, "{one}+{other}");
        }
    }
}
