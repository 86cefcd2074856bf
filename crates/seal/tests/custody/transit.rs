//! A key service: the stand-in of `bao.rs`, written from the documentation. No real OpenBao or Vault was asked.

use crate::bao::{Bao, Fault, TOKEN};
use crate::suite::{Kind, holds};
use std::sync::Arc;
use std::time::Duration;
use tacebo_seal::{Custodian, Realm, SealError, Transit, TransitAt, Trouble, Worth};

fn at(bao: &Bao) -> TransitAt {
    TransitAt {
        address: format!("http://{}", bao.address),
        mount: "transit".into(),
        name: "tacebo".into(),
        namespace: None,
        authority: None,
        patience: Duration::from_mins(1),
    }
}

fn trouble<T: std::fmt::Debug>(result: Result<T, SealError>) -> Trouble {
    match result.unwrap_err() {
        SealError::Custodian { trouble, .. } => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_service_keeps_what_every_custodian_promises() {
    let bao = Bao::start();
    holds(&Kind {
        create: &|| Box::new(Transit::create(&at(&bao), TOKEN, 1).unwrap()),
        open: &|| Ok(Box::new(Transit::open(&at(&bao), TOKEN)?) as Box<dyn Custodian>),
        worth: Worth::Service,
    });
}

#[test]
fn each_root_epoch_is_one_named_key_and_gone_when_destroyed() {
    let bao = Bao::start();
    let custodian = Transit::create(&at(&bao), TOKEN, 4).unwrap();
    custodian.turn().unwrap();
    assert_eq!(bao.keys(), ["tacebo-root-epoch-4", "tacebo-root-epoch-5"]);
    custodian.destroy(4).unwrap();
    assert_eq!(bao.keys(), ["tacebo-root-epoch-5"]);
    // Wrapping under what is gone does not make it anew.
    assert!(matches!(custodian.wrap(Realm(1), 4, &[9; 32]), Err(SealError::EpochGone(4))));
    assert_eq!(bao.keys(), ["tacebo-root-epoch-5"]);
    let other = TransitAt { name: "another".into(), ..at(&bao) };
    assert!(matches!(trouble(Transit::open(&other, TOKEN)), Trouble::NoRoot(_)));
    assert!(!Transit::exists(&other, TOKEN).unwrap());
    assert!(matches!(Transit::create(&at(&bao), TOKEN, 1), Err(SealError::CustodyExists)));
}

#[test]
fn every_way_of_failing_is_an_error_of_its_kind_and_changes_nothing() {
    let bao = Bao::start();
    let wrapped = Transit::create(&at(&bao), TOKEN, 1).unwrap().wrap(Realm(1), 1, &[9; 32]).unwrap();
    let kind = |fault, trouble: &Trouble| match fault {
        Fault::Sealed => matches!(trouble, Trouble::Sealed),
        Fault::Fails => matches!(trouble, Trouble::Unreachable(words) if words.contains("500")),
        Fault::Silent => matches!(trouble, Trouble::Silent(_)),
        Fault::Redirects => matches!(trouble, Trouble::Refused(words) if words.contains("active node")),
        Fault::NoMount => matches!(trouble, Trouble::Refused(words) if words.contains("no handler")),
        _ => matches!(trouble, Trouble::Unclear(_)),
    };
    for fault in [
        Fault::Sealed,
        Fault::Fails,
        Fault::Silent,
        Fault::Truncated,
        Fault::CutJson,
        Fault::NotJson,
        Fault::NotHttp,
        Fault::Endless,
        Fault::Redirects,
        Fault::NoMount,
    ] {
        let patience = Duration::from_millis(if fault == Fault::Silent { 1_000 } else { 60_000 });
        let place = TransitAt { patience, ..at(&bao) };
        bao.misbehave(Fault::None);
        let custodian = Transit::open(&place, TOKEN).unwrap();
        bao.misbehave(fault);
        for said in [
            trouble(custodian.unwrap(Realm(1), 1, &wrapped)),
            trouble(custodian.wrap(Realm(1), 1, &[9; 32])),
            trouble(custodian.turn()),
            trouble(custodian.destroy(1)),
            trouble(custodian.retire()),
            trouble(custodian.fingerprint(1)),
            trouble(Transit::open(&place, TOKEN)),
        ] {
            assert!(kind(fault, &said), "{fault:?}: {said:?}");
        }
        bao.misbehave(Fault::None);
        assert_eq!((bao.keys(), custodian.epochs()), (vec!["tacebo-root-epoch-1".to_owned()], vec![1]), "{fault:?}");
        // And it is used again as soon as it is well.
        assert_eq!(*custodian.unwrap(Realm(1), 1, &wrapped).unwrap(), [9; 32], "{fault:?}");
    }
}

#[test]
fn a_wrong_token_is_named_and_never_shown() {
    let bao = Bao::start();
    let said = Transit::create(&at(&bao), "s.wrong-token", 1).unwrap_err().to_string();
    assert!(said.contains("refused the PIN or token") && said.contains("403"), "{said}");
    assert!(!said.contains("s.wrong-token"));
    let custodian = Transit::create(&at(&bao), TOKEN, 1).unwrap();
    assert!(!format!("{custodian:?}").contains(TOKEN));
    assert!(!bao.asked().iter().any(|line| line.contains(TOKEN)), "the token is in an address");
}

#[test]
fn a_service_that_is_not_there_is_unreachable() {
    let bao = Bao::start();
    // A port that nobody listens on any more.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = TransitAt { address: format!("http://{free}"), ..at(&bao) };
    assert!(matches!(trouble(Transit::open(&place, TOKEN)), Trouble::Unreachable(_)));
}

#[test]
fn a_release_that_does_not_bind_associated_data_is_not_used() {
    let bao = Bao::start();
    bao.misbehave(Fault::Old);
    assert!(
        matches!(trouble(Transit::create(&at(&bao), TOKEN, 1)), Trouble::Refused(words) if words.contains("too old"))
    );
    bao.misbehave(Fault::None);
    drop(Transit::open(&at(&bao), TOKEN).unwrap());
    bao.misbehave(Fault::Old);
    assert!(matches!(trouble(Transit::open(&at(&bao), TOKEN)), Trouble::Refused(_)));
}

#[test]
fn a_key_that_may_be_exported_is_not_used() {
    let bao = Bao::start();
    let custodian = Transit::create(&at(&bao), TOKEN, 1).unwrap();
    bao.make_exportable("tacebo-root-epoch-1");
    assert_eq!(trouble(Transit::open(&at(&bao), TOKEN)), Trouble::Extractable(1));
    assert_eq!(trouble(custodian.wrap(Realm(1), 1, &[9; 32])), Trouble::Extractable(1));
}

#[test]
fn a_deletion_that_did_not_happen_gives_no_receipt() {
    let bao = Bao::start();
    let custodian = Transit::create(&at(&bao), TOKEN, 1).unwrap();
    custodian.turn().unwrap();
    bao.misbehave(Fault::Keeps);
    assert_eq!(trouble(custodian.destroy(1)), Trouble::StillThere(1));
    assert_eq!(custodian.epochs(), [1, 2]);
}

#[test]
fn of_many_that_turn_at_once_one_succeeds() {
    let bao = Bao::start();
    drop(Transit::create(&at(&bao), TOKEN, 1).unwrap());
    let open: Vec<_> = (0..8).map(|_| Transit::open(&at(&bao), TOKEN).unwrap()).collect();
    let turned = std::thread::scope(|scope| {
        let threads: Vec<_> = open.iter().map(|one| scope.spawn(|| one.turn())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(turned.iter().filter(|turn| turn.is_ok()).count(), 1, "{turned:?}");
    assert!(turned.iter().all(|turn| matches!(turn, Ok(2) | Err(SealError::CustodyChanged))), "{turned:?}");
}

#[test]
fn clear_text_goes_to_this_machine_only_and_addresses_are_looked_at() {
    let bao = Bao::start();
    let port = bao.address.port();
    let open = |address: String| trouble(Transit::open(&TransitAt { address, ..at(&bao) }, TOKEN));
    for address in
        ["http://vault.example:8200", "http://127.0.0.1.example:8200", "http://10.0.0.1", "ftp://x", "vault:8200", ""]
    {
        assert!(matches!(open(address.to_owned()), Trouble::Refused(_)), "{address}");
    }
    assert!(matches!(open(format!("http://localhost:{port}")), Trouble::NoRoot(_)));
    let said = open("https://vault.example:8200".to_owned());
    assert!(matches!(&said, Trouble::Refused(words) if words.contains("certificate authority")), "{said}");
    let name = |name: &str| trouble(Transit::open(&TransitAt { name: name.into(), ..at(&bao) }, TOKEN));
    assert!(matches!(name("../sys/seal"), Trouble::Refused(_)));
    assert!(bao.asked().iter().all(|line| line.starts_with("GET /v1/transit/keys?list=true")));
}

#[test]
fn over_tls_only_the_named_authority_vouches_for_the_service() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let bao = Bao::start_tls(Arc::new(config));
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, signed.cert.pem()).unwrap();
    let address = format!("https://127.0.0.1:{}", bao.address.port());
    let place = TransitAt { address, authority: Some(authority.clone()), ..at(&bao) };
    let custodian = Transit::create(&place, TOKEN, 1).unwrap();
    let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
    assert_eq!(*custodian.unwrap(Realm(1), 1, &wrapped).unwrap(), [9; 32]);

    let asked = bao.asked().len();
    let stranger = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&authority, stranger.cert.pem()).unwrap();
    let said = trouble(Transit::open(&place, TOKEN));
    assert!(matches!(said, Trouble::Unreachable(_)), "{said}");
    std::fs::write(&authority, "no certificate").unwrap();
    assert!(matches!(trouble(Transit::open(&place, TOKEN)), Trouble::Refused(_)));
    assert_eq!(bao.asked().len(), asked, "something was asked of a stranger");
}
