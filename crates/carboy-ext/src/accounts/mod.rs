//! Sign-up, confirmation, reset, second factors, passkeys.
