//! A bucket behind a line on which things go wrong.

use std::time::{Duration, Instant};

use tacebo_objects::{At, Name, ObjectError, Objects, Patience};
use tacebo_testbed::{Fault, S3Faults};

use crate::place::{bucket_at, bytes, seaweed};

fn open(faults: &S3Faults) -> Objects {
    let mut at = bucket_at(&faults.endpoint());
    at.patience = Patience {
        connect: Duration::from_secs(3),
        answer: Duration::from_millis(1500),
        whole: Duration::from_secs(20),
        again: 2,
        together: 8,
    };
    Objects::open(&At::S3(Box::new(at))).unwrap()
}

fn line() -> S3Faults {
    S3Faults::start(seaweed().port())
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn failures_that_pass_are_tried_again_and_not_seen() {
    for (n, fault) in [Fault::Refused, Fault::AnswerLost, Fault::RequestCut, Fault::Silent(Duration::from_millis(1600))]
        .into_iter()
        .enumerate()
    {
        let faults = line();
        let objects = open(&faults);
        let body = bytes(200_000, 3);
        faults.fail("PUT", fault, 1);
        objects.put(&name(&format!("a/{n}")), body.clone()).unwrap_or_else(|e| panic!("{fault:?}: {e}"));
        faults.fail("GET", fault, 1);
        let got = objects.get(&name(&format!("a/{n}")), 1 << 20).unwrap_or_else(|e| panic!("{fault:?}: {e}"));
        assert_eq!(got, body, "{fault:?}");
    }
}

#[test]
fn a_lost_answer_is_not_taken_for_another_ones_object() {
    let faults = line();
    let objects = open(&faults);
    objects.put(&name("a/taken"), b"theirs".to_vec()).unwrap();
    faults.fail("PUT", Fault::Refused, 1);
    assert_eq!(objects.put(&name("a/taken"), b"oursss".to_vec()), Err(ObjectError::Taken));
    assert_eq!(&objects.get(&name("a/taken"), 10).unwrap()[..], b"theirs");
}

#[test]
fn a_body_that_ends_in_the_midst_is_read_again_or_refused_but_never_taken_as_whole() {
    let faults = line();
    let objects = open(&faults);
    let body = bytes(500_000, 4);
    objects.put(&name("a/cut"), body.clone()).unwrap();
    faults.fail("GET", Fault::Cut, 1);
    assert_eq!(objects.get(&name("a/cut"), 1 << 20).unwrap(), body);
    faults.fail("GET", Fault::Cut, 1000);
    let cut = objects.get(&name("a/cut"), 1 << 20);
    assert!(matches!(&cut, Err(error) if error.is_passing()), "{cut:?}");
}

#[test]
fn a_server_that_goes_on_failing_is_given_up_in_time_and_said_to_be_away() {
    let faults = line();
    let objects = open(&faults);
    faults.fail("", Fault::Refused, 1000);
    for done in [
        objects.put(&name("a/x"), b"x".to_vec()),
        objects.get(&name("a/x"), 1).map(drop),
        objects.delete(&name("a/x")),
        objects.list("").next().unwrap().map(drop),
    ] {
        assert!(matches!(&done, Err(ObjectError::Unreachable(why)) if why == "HTTP 500"), "{done:?}");
    }
    assert!(faults.seen().len() <= 20, "attempts are bounded: {:?}", faults.seen());
    faults.heal();
    objects.put(&name("a/x"), b"x".to_vec()).unwrap();
}

#[test]
fn a_silent_server_holds_nobody_longer_than_was_said() {
    let faults = line();
    let objects = open(&faults);
    faults.fail("", Fault::Silent(Duration::from_mins(1)), 1000);
    let since = Instant::now();
    let done = objects.get(&name("a/x"), 1);
    assert!(matches!(&done, Err(error) if error.is_passing()), "{done:?}");
    assert!(since.elapsed() < Duration::from_secs(25), "{:?}", since.elapsed());
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_away() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = bucket_at(&format!("http://{nobody}"));
    let done = Objects::open(&At::S3(Box::new(at))).unwrap().get(&name("a/x"), 1);
    assert!(matches!(&done, Err(ObjectError::Unreachable(_))), "{done:?}");
}

#[test]
fn a_wrong_key_is_denied_and_not_named() {
    let mut at = bucket_at(&seaweed().endpoint());
    at.secret_key = "0123456789-not-the-key".to_owned().into();
    assert!(!format!("{at:?}").contains("0123456789"));
    let done = Objects::open(&At::S3(Box::new(at))).unwrap().put(&name("a/x"), b"x".to_vec());
    let Err(ObjectError::Denied(why)) = done else { panic!("{done:?}") };
    assert!(!why.contains("0123456789"), "{why}");
}
