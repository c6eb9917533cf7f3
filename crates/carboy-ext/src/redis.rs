//! One connection to a Redis server for all workers, which never keeps a request waiting for long.
//!
//! The connection belongs to the background runtime, reconnects by itself, and carries the commands of all requests at once. A server
//! that does not answer is left alone for a moment after each attempt: meanwhile commands fail at once, so that requests do not queue up
//! before it. Its going and its coming back are logged, once each.

mod tls;

pub(crate) use tls::{PemFile, Tls};

use redis::{
    Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// How long a command may take, with connecting, when nobody chose otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

/// How long a server that did not answer is left alone.
const PAUSE: Duration = Duration::from_millis(500);

/// A Redis server.
pub(crate) struct Link {
    client: Client,
    manager: OnceLock<ConnectionManager>,
    timeout: Duration,
    /// Whose server it is, and where: for the log. The password is not in it.
    name: String,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    /// Down since its last attempt, and left alone until then.
    down_until: Option<Instant>,
}

/// What Redis is asked: one round trip.
pub(crate) enum Call {
    Command(Cmd),
    Pipeline(redis::Pipeline),
    Script(redis::ScriptInvocation<'static>),
}

impl Call {
    async fn send<T: FromRedisValue>(&self, mut to: ConnectionManager) -> RedisResult<T> {
        match self {
            Call::Command(command) => command.query_async(&mut to).await,
            Call::Pipeline(pipeline) => pipeline.query_async(&mut to).await,
            Call::Script(script) => script.invoke_async(&mut to).await,
        }
    }
}

/// Why a command has no answer.
#[derive(Debug, Clone)]
pub(crate) enum LinkError {
    /// The server did not answer just now, so it was not asked.
    Paused(String),
    /// It did not answer in time.
    Timeout(String),
    /// What went wrong.
    Failed(String, Arc<redis::RedisError>),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Paused(name) => write!(f, "{name} did not answer a moment ago"),
            LinkError::Timeout(name) => write!(f, "{name} did not answer in time"),
            LinkError::Failed(name, error) => write!(f, "{name}: {error}"),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LinkError::Failed(_, error) => Some(&**error),
            _ => None,
        }
    }
}

impl Link {
    /// A server by its URL: `redis://host:port/db`, `rediss://` for TLS, `redis+unix:///path`, `unix:///path`, and the same with `valkey`. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// A sentence about a URL that is none, or about what was chosen for TLS.
    pub(crate) fn open(whose: &str, url: &str, timeout: Duration, tls: &Tls) -> Result<Self, String> {
        let target = match url.split_once(':') {
            Some(("redis+unix" | "valkey+unix", rest)) => format!("unix:{rest}"),
            Some(("valkey", rest)) => format!("redis:{rest}"),
            Some(("valkeys", rest)) => format!("rediss:{rest}"),
            _ => url.to_owned(),
        };
        // The error of the crate may repeat the URL, with its password.
        let info: ConnectionInfo = target.as_str().into_connection_info().map_err(|error| {
            format!("the URL of {whose} is not one of a Redis server ({})", error.category())
        })?;
        let name = format!("{whose} at {}", info.addr());
        let client = tls.client(whose, info)?;
        Ok(Link { client, manager: OnceLock::new(), timeout, name, health: Mutex::default() })
    }

    /// Asks Redis something, once more when the connection turns out to be broken.
    ///
    /// # Errors
    /// When the server does not answer, or not well, within the time allowed.
    pub(crate) async fn ask<T: FromRedisValue>(&self, call: &Call) -> Result<T, LinkError> {
        if self.health().down_until.is_some_and(|until| Instant::now() < until) {
            return Err(LinkError::Paused(self.name.clone()));
        }
        let answer = tokio::time::timeout(self.timeout, async {
            let manager = self.manager()?;
            match call.send(manager.clone()).await {
                // A server that was started anew is noticed by the first command that meets the old connection.
                Err(error) if error.is_connection_dropped() => call.send(manager).await,
                answer => answer,
            }
        })
        .await;
        match answer {
            Ok(Ok(value)) => {
                self.is_up();
                Ok(value)
            }
            Ok(Err(error)) => {
                let unreachable = error.is_io_error() || error.is_timeout() || error.is_connection_refusal();
                let error = LinkError::Failed(self.name.clone(), Arc::new(error));
                if unreachable {
                    self.is_down(&error);
                } else {
                    self.is_up();
                }
                Err(error)
            }
            Err(_) => {
                let error = LinkError::Timeout(self.name.clone());
                self.is_down(&error);
                Err(error)
            }
        }
    }

    /// Deletes the keys that match a pattern, some hundred at a time, so that others are served meanwhile.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); some may be deleted then.
    pub(crate) async fn delete_matching(&self, pattern: &str) -> Result<(), LinkError> {
        let mut cursor = 0u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(500);
            let (next, keys): (u64, Vec<Vec<u8>>) = self.ask(&Call::Command(scan)).await?;
            if !keys.is_empty() {
                let mut delete = redis::cmd("UNLINK");
                delete.arg(&keys);
                self.ask::<()>(&Call::Command(delete)).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    fn manager(&self) -> RedisResult<ConnectionManager> {
        if let Some(manager) = self.manager.get() {
            return Ok(manager.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
            // Whoever comes next tries again.
            .set_number_of_retries(0);
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(self.manager.get_or_init(|| manager).clone())
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_up(&self) {
        if self.health().down_until.take().is_some() {
            tracing::info!(target: "carboy::redis", "{} answers again", self.name);
        }
    }

    fn is_down(&self, error: &LinkError) {
        if self.health().down_until.replace(Instant::now() + PAUSE).is_none() {
            tracing::error!(target: "carboy::redis", "Redis is not there, and is asked again twice a second: {error}");
        }
    }
}

/// A text with what Redis' patterns take for more than itself escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.name)
    }
}
