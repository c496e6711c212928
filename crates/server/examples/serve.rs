//! Serves with the usual limits, at an address that may be given: `serve 127.0.0.1:0`.
#![allow(clippy::print_stdout)]

use echoes_server::{Config, run};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::default();
    if let Some(address) = std::env::args().nth(1) {
        config.listen = address.parse()?;
    }
    run(&config, |address| println!("http://{address}"))?;
    Ok(())
}
