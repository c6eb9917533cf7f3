// Every option and every rule.
use carboy::FileStorage;
use carboy_ext::forms::{Choice, Form, FormErrors, FormModel};
use carboy_ext::validation::{Decimal, Invalid};
use jiff::civil::{Date, DateTime, Time};

fn countries() -> Vec<Choice> {
    vec![("de", "Germany").into(), Choice::new("fr").group("West")]
}

fn squeeze(text: String) -> String {
    text.replace("  ", " ")
}

fn nice(text: &str) -> Result<(), &'static str> {
    if text == "rude" { Err("Be nice.") } else { Ok(()) }
}

fn even(number: &u32) -> Result<(), Invalid> {
    if number % 2 == 0 { Ok(()) } else { Err(Invalid::stop("An even number, please.")) }
}

fn whole(_: &All, _: &mut FormErrors) {}

#[derive(Form)]
#[form(prefix = "all", csrf = false, validate = whole)]
#[allow(dead_code)]
struct All {
    #[field(label = "A", description = "B", id = "c", widget = "textarea", filter(strip, squeeze), validate(custom(nice)))]
    text: String,
    #[field(validate(optional(strip_whitespace = false), email(allow_smtputf8 = false), length(min = 1, max = 9, message = "%(min)d")))]
    mail: Option<String>,
    #[field(validate(regexp("^[a-z]+$", html_pattern = "[a-z]+"), url(require_tld = false, schemes = ["http"]), uuid, mac_address))]
    odd: String,
    #[field(validate(ip_address(ipv4 = false, ipv6 = true), any_of("a", "b"), none_of(values = ["c"]), equal_to("odd"), read_only, disabled))]
    odder: String,
    #[field(validate(custom(even), number_range(min = 2)), default = 4)]
    number: u32,
    #[field(places = 3, invalid_value_message = "No.")]
    price: Option<Decimal>,
    #[field(formats = ["%d.%m.%Y", "%Y-%m-%d"], validate(date_range(min = jiff::civil::date(2020, 1, 1))))]
    day: Date,
    time: Option<Time>,
    at: Option<DateTime>,
    #[field(widget = "month")]
    month: Option<Date>,
    #[field(choices = countries(), validate_choice = false, invalid_choice_message = "Choose.")]
    country: String,
    #[field(choices = [(1, "One"), (2, "Two")], widget = "radio")]
    radio: i32,
    #[field(choices = ["a", "b"], widget = "checkboxes")]
    boxes: Vec<String>,
    #[field(min_entries = 1, max_entries = 3, entry(label = "Tag", validate(length(max = 3))))]
    tags: Vec<String>,
    #[field(validate(file_required, file_allowed("jpg"), file_size(min = 1, max = 10)))]
    photo: FileStorage,
    photos: Vec<FileStorage>,
    #[field(widget = "submit", attr(class = "x", data_y = "z", "hx-post" = "/", autofocus))]
    send: bool,
}

fn main() {
    let _ = All::definition();
}
