//! `echoes completions`: scripts for shells.

use crate::{
    args::{self, Listing},
    exit::Failure,
};
use clap::ArgMatches;
use clap_complete::Shell;

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let Some(&shell) = matches.get_one::<Shell>("shell") else { return Ok(()) };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(Listing::Full), "echoes", &mut script);
    crate::print(&String::from_utf8_lossy(&script))
}
