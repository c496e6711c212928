//! How often one client may ask: a bucket of one second's requests, which fills at the same rate.

use crate::problem::Shed;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Clients that are remembered. Who finds the table full of others begins anew, as they do.
const CLIENTS_MAX: usize = 1 << 16;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// The holder of the key of that number.
    Key(usize),
    Address(IpAddr),
}

impl Client {
    /// The client at an address. Of one of version 6, the network: a host has many addresses there.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => {
                IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into())
            }
            other => other,
        })
    }
}

/// How often each client has asked: its bucket will be full again at that moment, in seconds from the start.
#[derive(Debug)]
pub(crate) struct Rates {
    started: Instant,
    seconds_each: f64,
    full_again: Mutex<HashMap<Client, f64>>,
}

impl Rates {
    pub(crate) fn new(per_second: f64) -> Self {
        Self { started: Instant::now(), seconds_each: 1.0 / per_second, full_again: Mutex::default() }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn take(&self, client: Client) -> Result<(), Shed> {
        self.take_at(client, self.started.elapsed().as_secs_f64())
    }

    fn take_at(&self, client: Client, now: f64) -> Result<(), Shed> {
        let mut table = self.full_again.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= CLIENTS_MAX && !table.contains_key(&client) {
            table.retain(|_, full_again| *full_again > now);
            if table.len() >= CLIENTS_MAX {
                table.clear();
            }
        }
        let full_again = table.entry(client).or_insert(now);
        let then = full_again.max(now) + self.seconds_each;
        // A bucket holds a second's requests, but never less than one.
        if then - now > self.seconds_each.max(1.0) * (1.0 + 1e-9) {
            return Err(Shed::Rate);
        }
        *full_again = then;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(rates: &Rates, client: Client, now: f64) -> usize {
        (0..100).filter(|_| rates.take_at(client, now).is_ok()).count()
    }

    #[test]
    fn a_second_of_requests_at_once_then_the_rate() {
        let (rates, a, b) = (Rates::new(10.0), Client::Key(0), Client::Key(1));
        assert_eq!(granted(&rates, a, 5.0), 10);
        assert_eq!(granted(&rates, b, 5.0), 10);
        assert_eq!(granted(&rates, a, 5.35), 3);
        assert_eq!(granted(&rates, a, 100.0), 10);
        assert_eq!(granted(&Rates::new(0.5), a, 0.0), 1);
    }

    #[test]
    fn the_table_is_bounded() {
        let rates = Rates::new(1.0);
        for i in 0..CLIENTS_MAX + 10 {
            assert!(rates.take_at(Client::Key(i), 0.0).is_ok());
        }
        assert!(rates.full_again.lock().unwrap().len() <= CLIENTS_MAX);
    }

    #[test]
    fn a_network_of_version_6_is_one_client() {
        let at = |text: &str| Client::at(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::2:3"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_ne!(at("10.0.0.1"), at("10.0.0.2"));
        assert_ne!(at("::ffff:10.0.0.1"), at("::ffff:10.0.0.2"));
    }
}
