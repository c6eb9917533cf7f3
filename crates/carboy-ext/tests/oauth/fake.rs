//! A provider that answers what a test tells it to.

use carboy::{App, AppService, ext};
use carboy_ext::jwt::{Jwt, Key};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: HashMap<String, String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Says {
    pub(crate) fn json(value: &Value) -> Self {
        Says { status: 200, headers: Vec::new(), body: value.to_string(), after: Duration::ZERO }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

type Answers = Box<dyn FnMut(&Asked) -> Option<Says> + Send>;

struct State {
    asked: Vec<Asked>,
    special: Answers,
    metadata: Value,
    signing: AppService,
    published: Vec<Value>,
    /// What the ID token says instead of, or beside, the usual; null takes a claim away.
    claims: Value,
    /// As `claims`, for the answer of the token endpoint.
    token: Value,
    nonce: String,
}

/// A provider with endpoints under one port. It ends with the process.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

pub(crate) fn signer(key: Key) -> AppService {
    let mut app = App::new("signer");
    app.ext(Jwt::new().key(key));
    app.testing().build().unwrap()
}

pub(crate) fn signed(signer: &AppService, claims: &Value) -> String {
    signer.app_context(|| ext::<Jwt>().issue(claims).unwrap())
}

fn public(signer: &AppService) -> Value {
    signer.app_context(|| ext::<Jwt>().key_set().unwrap())["keys"][0].clone()
}

fn changed(mut usual: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        match value {
            Value::Null => {
                usual.as_object_mut().unwrap().remove(name);
            }
            value => usual[name] = value.clone(),
        }
    }
    usual
}

impl Fake {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let signing = signer(Key::generate().unwrap());
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "end_session_endpoint": format!("{issuer}/logout"),
            "authorization_response_iss_parameter_supported": true,
        });
        let published = vec![public(&signing)];
        let state = State {
            asked: Vec::new(),
            special: Box::new(|_| None),
            metadata,
            signing,
            published,
            claims: json!({}),
            token: json!({}),
            nonce: String::new(),
        };
        let fake = Fake { issuer, state: Arc::new(Mutex::new(state)) };
        let serving = fake.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fake = serving.clone();
                thread::spawn(move || fake.serve(stream));
            }
        });
        fake
    }

    /// Answers some requests otherwise.
    pub(crate) fn answer(&self, special: impl FnMut(&Asked) -> Option<Says> + Send + 'static) -> &Self {
        self.state.lock().unwrap().special = Box::new(special);
        self
    }

    /// Answers the requests for one path otherwise.
    pub(crate) fn at(&self, path: &'static str, says: Says) -> &Self {
        self.answer(move |asked| (asked.path == path).then(|| says.clone()))
    }

    /// Changes what it says of itself; null takes a member away.
    pub(crate) fn metadata(&self, changes: Value) -> &Self {
        let state = &mut *self.state.lock().unwrap();
        state.metadata = changed(state.metadata.clone(), &changes);
        self
    }

    /// Changes what ID tokens say.
    pub(crate) fn claims(&self, changes: Value) -> &Self {
        self.state.lock().unwrap().claims = changes;
        self
    }

    /// Changes what the token endpoint says.
    pub(crate) fn token(&self, changes: Value) -> &Self {
        self.state.lock().unwrap().token = changes;
        self
    }

    /// The nonce of the login that is under way.
    pub(crate) fn nonce(&self, nonce: &str) {
        self.state.lock().unwrap().nonce = nonce.to_owned();
    }

    /// Signs with another key from now on, which is published in place of the others or not at all.
    pub(crate) fn rotate(&self, published: bool) {
        let signing = signer(Key::generate().unwrap());
        let state = &mut *self.state.lock().unwrap();
        if published {
            state.published = vec![public(&signing)];
        }
        state.signing = signing;
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| asked.path == path).count()
    }

    /// The last request for a path.
    pub(crate) fn last(&self, path: &str) -> Asked {
        let state = self.state.lock().unwrap();
        state
            .asked
            .iter()
            .rev()
            .find(|asked| asked.path == path)
            .unwrap_or_else(|| panic!("no {path}"))
            .clone()
    }

    /// The claims of the next ID token.
    pub(crate) fn usual_claims(&self) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let state = self.state.lock().unwrap();
        let usual = json!({
            "iss": self.issuer, "sub": "u1", "aud": "shop", "iat": now, "exp": now + 300, "nonce": state.nonce,
            "email": "ann@example.com", "email_verified": true, "name": "Ann",
        });
        changed(usual, &state.claims)
    }

    fn usual(&self, asked: &Asked) -> Says {
        let claims = self.usual_claims();
        let state = self.state.lock().unwrap();
        match asked.path.as_str() {
            "/.well-known/openid-configuration" => Says::json(&state.metadata),
            "/jwks" => Says::json(&json!({"keys": state.published})),
            "/token" => {
                let usual = json!({
                    "access_token": "access-1", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-1",
                    "scope": "openid email profile", "id_token": signed(&state.signing, &claims),
                });
                Says::json(&changed(usual, &state.token))
            }
            "/userinfo" => Says::json(&json!({"sub": "u1", "nickname": "annie", "email": "ann@example.com"})),
            "/revoke" => Says::json(&json!({})),
            _ => Says::json(&json!({})).status(404),
        }
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        // Kept open, as providers do.
        while let Some(asked) = read(&mut reader) {
            self.state.lock().unwrap().asked.push(asked.clone());
            let special = (self.state.lock().unwrap().special)(&asked);
            let says = special.unwrap_or_else(|| self.usual(&asked));
            thread::sleep(says.after);
            let mut head = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", says.status, says.body.len());
            for (name, value) in &says.headers {
                head += &format!("{name}: {value}\r\n");
            }
            let stream = reader.get_mut();
            if stream.write_all(format!("{head}\r\n{}", says.body).as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let form = query(&String::from_utf8(body).ok()?);
    let path = target.split('?').next()?.to_owned();
    Some(Asked { method, path, authorization, form })
}

/// The arguments of a query string or a form.
pub(crate) fn query(text: &str) -> HashMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
