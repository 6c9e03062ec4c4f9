//! Tries jsonwebtoken as the task on standard input says; what came of it goes to standard output.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{decode, decode_header, Algorithm, DecodingKey, Validation};
use serde_json::{json, Map, Value};
use std::error::Error;
use std::io::{stdin, Read, Write};
use std::net::TcpStream;
use std::str::FromStr;

fn main() -> Result<(), Box<dyn Error>> {
    let task: Value = serde_json::from_reader(stdin())?;
    let mut tokens = Map::new();
    for scope in task["scopes"].as_array().ok_or("no scopes")? {
        let accepts = |token: &str| match verify(&text(scope, token), scope) {
            Ok(()) => true,
            Err(refused) => {
                if std::env::var_os("INTEROP_VERBOSE").is_some() {
                    eprintln!("{refused}");
                }
                false
            }
        };
        tokens.insert(
            text(scope, "algorithm"),
            json!({ "right": accepts("right"), "foreign": accepts("foreign") }),
        );
    }
    let result = json!({
        "library": "Rust jsonwebtoken 10.3.0",
        "tokens": tokens,
        "introspection": null,
        "revocation": null,
        "discovery": null,
    });
    println!("{result}");
    Ok(())
}

fn verify(token: &str, scope: &Value) -> Result<(), Box<dyn Error>> {
    let keys: JwkSet = serde_json::from_str(&get(&text(scope, "jwks_uri"))?)?;
    let kid = decode_header(token)?.kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("no such key")?)?;
    let mut rules = Validation::new(Algorithm::from_str(&text(scope, "algorithm"))?);
    rules.set_issuer(&[text(scope, "issuer")]);
    rules.set_audience(&[text(scope, "audience")]);
    rules.set_required_spec_claims(&["iss", "aud", "exp"]);
    decode::<Value>(token, &key, &rules)?;
    Ok(())
}

/// The service is on loopback, without TLS.
fn get(url: &str) -> Result<String, Box<dyn Error>> {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or("not http")?;
    let mut connection = TcpStream::connect(host)?;
    write!(connection, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
    Ok(body.to_string())
}

fn text(of: &Value, member: &str) -> String {
    of[member].as_str().unwrap_or_default().to_string()
}
