//! The open loop: sends each request when it is due, however slow the answers are.
//!
//! One thread, which does not sleep when the next request is near, because timers are late by up to a millisecond. A request for
//! which no connection is free waits for one; its latency counts from when it was meant to be sent.

use crate::{
    answer::{Answer, lasting},
    connection::{Connection, Progress},
    questions::Asked,
    schedule::Planned,
};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// The longest time that is told apart, in microseconds.
const MICROSECONDS_MAX: u64 = 3_600_000_000;

/// So near to the next request there is no sleep.
const NEAR: Duration = Duration::from_millis(2);

/// What a run asks, and how.
pub(crate) struct Load<'a> {
    pub(crate) server: SocketAddr,
    pub(crate) asked: &'a [Asked],
    pub(crate) schedule: &'a [Planned],
    /// What is meant to be sent before is not counted.
    pub(crate) counted_from: Duration,
    /// After the last request is due.
    pub(crate) grace: Duration,
    pub(crate) connections_max: usize,
}

/// What a run has seen. Times are in microseconds.
pub(crate) struct Seen {
    /// From when a request was meant to be sent to its answer, of all that are counted.
    pub(crate) latency: Histogram<u64>,
    /// From when a request was due, and a connection free, to when it was sent: the generator's own fault.
    pub(crate) lateness: Histogram<u64>,
    /// Counts of what went wrong, by what it was.
    pub(crate) errors: BTreeMap<String, u64>,
    /// Requests for which this side had no socket.
    pub(crate) dropped: u64,
}

/// A run under way.
struct Run<'a> {
    load: &'a Load<'a>,
    start: Instant,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    /// Those that carry nothing, with when they became free; the last is the one used last.
    free: Vec<(usize, Duration)>,
    waiting: VecDeque<usize>,
    on_the_way: usize,
    /// The first answer to each question.
    first: Vec<Option<Vec<u8>>>,
    scratch: Vec<u8>,
    seen: Seen,
}

impl Load<'_> {
    /// Sends what is planned and waits for the answers.
    pub(crate) fn run(&self) -> io::Result<Seen> {
        let histogram = || Histogram::new_with_max(MICROSECONDS_MAX, 3).map_err(io::Error::other);
        let seen = Seen { latency: histogram()?, lateness: histogram()?, errors: BTreeMap::new(), dropped: 0 };
        let run = Run {
            load: self,
            poll: Poll::new()?,
            connections: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            on_the_way: 0,
            first: vec![None; self.asked.len()],
            scratch: vec![0; 1 << 16],
            seen,
            start: Instant::now(),
        };
        run.play()
    }
}

impl Run<'_> {
    fn play(mut self) -> io::Result<Seen> {
        let schedule = self.load.schedule;
        let mut events = Events::with_capacity(1024);
        let mut next = 0;
        let end = schedule.last().map_or(Duration::ZERO, |planned| planned.at) + self.load.grace;
        loop {
            let now = self.start.elapsed();
            while schedule.get(next).is_some_and(|planned| planned.at <= now) {
                self.waiting.push_back(next);
                next += 1;
                self.send_waiting()?;
            }
            self.send_waiting()?;
            let done = next == schedule.len() && self.waiting.is_empty() && self.on_the_way == 0;
            if done || now > end {
                break;
            }
            let due = schedule.get(next).map_or(end, |planned| planned.at);
            match self.poll.poll(&mut events, Some(sleep(due.saturating_sub(self.start.elapsed())))) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.go_on(event.token().0);
                self.send_waiting()?;
            }
        }
        self.give_up();
        Ok(self.seen)
    }

    /// Sends what is due, as long as there are connections.
    fn send_waiting(&mut self) -> io::Result<()> {
        while let Some(&planned) = self.waiting.front() {
            let Some((at, free_since)) = self.take_connection()? else { return Ok(()) };
            self.waiting.pop_front();
            let Planned { at: due, request } = self.load.schedule[planned];
            let late = self.start.elapsed().saturating_sub(due.max(free_since));
            if due >= self.load.counted_from {
                self.seen.lateness.saturating_record(microseconds(late));
            }
            let Some(connection) = self.connections[at].as_mut() else { continue };
            self.on_the_way += 1;
            let progress = connection.ask(planned, &self.load.asked[request].bytes);
            self.take_in(at, progress);
        }
        Ok(())
    }

    /// A connection that is free, opened if need be, and since when it is; none if all that may be are in use.
    fn take_connection(&mut self) -> io::Result<Option<(usize, Duration)>> {
        if let Some(free) = self.free.pop() {
            return Ok(Some(free));
        }
        let at = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
        if at >= self.load.connections_max {
            return Ok(None);
        }
        let Ok(mut stream) = TcpStream::connect(self.load.server) else {
            self.seen.dropped += u64::from(self.waiting.pop_front().is_some());
            return Ok(None);
        };
        stream.set_nodelay(true)?;
        self.poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
        let connection = Some(Connection::new(stream));
        match self.connections.get_mut(at) {
            Some(place) => *place = connection,
            None => self.connections.push(connection),
        }
        Ok(Some((at, Duration::ZERO)))
    }

    /// Something has happened to a connection.
    fn go_on(&mut self, at: usize) {
        let load = self.load;
        let Some(connection) = self.connections.get_mut(at).and_then(Option::as_mut) else { return };
        let bytes = connection.asked().map_or(&[][..], |planned| &load.asked[load.schedule[planned].request].bytes);
        let progress = connection.go_on(bytes, &mut self.scratch);
        self.take_in(at, progress);
    }

    fn take_in(&mut self, at: usize, progress: Progress) {
        let now = self.start.elapsed();
        match progress {
            Progress::Waiting => {}
            Progress::Answered(planned, answer) => {
                self.judge(at, planned, &answer);
                self.answered(planned, now);
                self.free.push((at, now));
            }
            Progress::Closed(lost) => {
                self.connections[at] = None;
                self.free.retain(|&(free, _)| free != at);
                if let Some(planned) = lost {
                    self.error(planned, "closed without an answer");
                    self.answered(planned, now);
                }
            }
        }
    }

    fn answered(&mut self, planned: usize, now: Duration) {
        self.on_the_way -= 1;
        self.record(planned, now);
    }

    fn record(&mut self, planned: usize, now: Duration) {
        let due = self.load.schedule[planned].at;
        if due >= self.load.counted_from {
            self.seen.latency.saturating_record(microseconds(now.saturating_sub(due)));
        }
    }

    fn judge(&mut self, at: usize, planned: usize, answer: &Answer) {
        let request = self.load.schedule[planned].request;
        let wanted = self.load.asked[request].status;
        if answer.status != wanted {
            return self.error(planned, &format!("status {}", answer.status));
        }
        let Some(connection) = self.connections[at].as_ref().filter(|_| wanted == 200) else { return };
        let body = lasting(connection.body(answer));
        let same = match &self.first[request] {
            Some(first) => first == body,
            None => {
                self.first[request] = Some(body.to_vec());
                true
            }
        };
        if !same {
            self.error(planned, "another answer than before");
        }
    }

    fn error(&mut self, planned: usize, what: &str) {
        if self.load.schedule[planned].at >= self.load.counted_from {
            *self.seen.errors.entry(what.to_owned()).or_default() += 1;
        }
    }

    /// What has no answer by now took so long at least.
    fn give_up(&mut self) {
        let now = self.start.elapsed();
        let carried: Vec<usize> = self.connections.iter().flatten().filter_map(Connection::asked).collect();
        for planned in carried.into_iter().chain(std::mem::take(&mut self.waiting)) {
            self.error(planned, "no answer in time");
            self.record(planned, now);
        }
    }
}

/// How long to wait for events if the next request is due after so long.
fn sleep(until_due: Duration) -> Duration {
    if until_due < NEAR { Duration::ZERO } else { until_due - NEAR / 2 }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Random, poisson};
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::{Arc, Mutex, PoisonError},
        thread,
    };

    /// Answers every request at once, but not while the mutex is held; `answer` is the body.
    fn server(answer: fn(u64) -> String, held: Arc<Mutex<()>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, held) = (stream.unwrap(), Arc::clone(&held));
                thread::spawn(move || {
                    let mut received = [0; 4096];
                    let mut asked = 0;
                    while matches!(stream.read(&mut received), Ok(count) if count > 0) {
                        drop(held.lock().unwrap_or_else(PoisonError::into_inner));
                        asked += 1;
                        let body = answer(asked);
                        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                        let _ = stream.write_all(format!("{head}{body}").as_bytes());
                    }
                });
            }
        });
        address
    }

    fn asked() -> Vec<Asked> {
        vec![Asked { bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec(), status: 200 }]
    }

    fn run(server: SocketAddr, schedule: &[Planned], grace: Duration) -> Seen {
        let asked = asked();
        let load = Load { server, asked: &asked, schedule, counted_from: Duration::ZERO, grace, connections_max: 64 };
        load.run().unwrap()
    }

    #[test]
    fn a_stall_of_the_server_shows() {
        let held = Arc::new(Mutex::new(()));
        let address = server(|_| "[]".to_owned(), Arc::clone(&held));
        let schedule = poisson(200.0, 1.5, &[1.0], &mut Random::new(1));
        let stall = thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            let _held = held.lock();
            thread::sleep(Duration::from_millis(500));
        });
        let seen = run(address, &schedule, Duration::from_secs(30));
        stall.join().unwrap();
        assert_eq!((seen.latency.len(), seen.errors.len(), seen.dropped), (schedule.len() as u64, 0, 0));
        // A third of the requests were meant to be sent in the stall, and waited for its end.
        let (p75, p99) = (seen.latency.value_at_quantile(0.75), seen.latency.value_at_quantile(0.99));
        assert!(p99 > 400_000 && p75 > 50_000, "{p75} {p99}");
    }

    #[test]
    fn what_is_never_answered_counts_with_the_time_that_it_waited() {
        let held = Arc::new(Mutex::new(()));
        let address = server(|_| "[]".to_owned(), Arc::clone(&held));
        let for_ever = held.lock().unwrap();
        let schedule = poisson(100.0, 0.2, &[1.0], &mut Random::new(1));
        let seen = run(address, &schedule, Duration::from_millis(200));
        drop(for_ever);
        let all = schedule.len() as u64;
        assert_eq!(seen.errors, BTreeMap::from([("no answer in time".to_owned(), all)]));
        assert_eq!(seen.latency.len(), all);
        assert!(seen.latency.min() >= 190_000, "{}", seen.latency.min());
    }

    #[test]
    fn another_answer_to_the_same_question_is_an_error() {
        let address = server(|asked| asked.min(2).to_string(), Arc::default());
        let schedule = [10, 200, 400].map(|at| Planned { at: Duration::from_millis(at), request: 0 });
        let seen = run(address, &schedule, Duration::from_secs(30));
        assert_eq!(seen.errors, BTreeMap::from([("another answer than before".to_owned(), 2)]));
    }

    #[test]
    fn a_server_that_is_gone_is_an_error_for_each() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let schedule = poisson(1000.0, 0.02, &[1.0], &mut Random::new(1));
        let seen = run(gone, &schedule, Duration::from_secs(5));
        let lost: u64 = seen.errors.values().sum::<u64>() + seen.dropped;
        assert_eq!(lost, schedule.len() as u64);
    }
}
