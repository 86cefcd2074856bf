//! A PKCS#11 module: SoftHSM2, real, with a fresh token for each test.

use crate::softhsm::{PIN, TOKEN, Token, alone, library};
use crate::suite::{Kind, holds};
use cryptoki::context::Pkcs11 as Library;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use std::fs;
use std::time::Duration;
use tacebo_seal::{Custodian, Pkcs11, Pkcs11At, Realm, SealError, Trouble, Worth};

/// The token as its owner sees it with other tools, in the process where the custodian has begun the module.
fn owner(token: &Token) -> Session {
    let library = Library::new(token.at().library).unwrap();
    let slots = library.get_slots_with_initialized_token().unwrap();
    let of = |slot: &&_| library.get_token_info(**slot).unwrap().label().trim_end() == TOKEN;
    let session = library.open_rw_session(*slots.iter().find(of).unwrap()).unwrap();
    std::mem::forget(library);
    match session.login(UserType::User, Some(&AuthPin::from(PIN))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => session,
        Err(error) => panic!("{error}"),
    }
}

fn labels(session: &Session) -> Vec<String> {
    let keys = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap();
    let label = |key| match session.get_attributes(key, &[AttributeType::Label]).unwrap().remove(0) {
        Attribute::Label(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    let mut labels: Vec<_> = keys.into_iter().map(label).collect();
    labels.sort();
    labels
}

fn made(session: &Session, label: &str, extractable: bool) {
    let template = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(!extractable),
        Attribute::Extractable(extractable),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::ValueLen(32.into()),
        Attribute::Label(label.into()),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
}

fn trouble<T: std::fmt::Debug>(result: Result<T, SealError>) -> Trouble {
    match result.unwrap_err() {
        SealError::Custodian { trouble, .. } => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_module_keeps_what_every_custodian_promises() {
    alone("pkcs11::a_module_keeps_what_every_custodian_promises", |token| {
        holds(&Kind {
            create: &|| Box::new(Pkcs11::create(&token.at(), PIN, 1).unwrap()),
            open: &|| Ok(Box::new(Pkcs11::open(&token.at(), PIN)?) as Box<dyn Custodian>),
            // SoftHSM says of itself that its slots are no hardware.
            worth: Worth::Software,
        });
    });
}

#[test]
fn a_root_key_is_one_object_of_the_token_that_cannot_be_taken_out_and_is_gone_when_destroyed() {
    alone(
        "pkcs11::a_root_key_is_one_object_of_the_token_that_cannot_be_taken_out_and_is_gone_when_destroyed",
        |token| {
            let custodian = Pkcs11::create(&token.at(), PIN, 5).unwrap();
            let owner = owner(token);
            assert_eq!(labels(&owner), ["tacebo root epoch 5"]);
            let key = owner.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap()[0];
            let of = |what| owner.get_attributes(key, &[what]).unwrap();
            assert_eq!(of(AttributeType::Sensitive), [Attribute::Sensitive(true)]);
            assert_eq!(of(AttributeType::AlwaysSensitive), [Attribute::AlwaysSensitive(true)]);
            assert_eq!(of(AttributeType::NeverExtractable), [Attribute::NeverExtractable(true)]);
            assert_eq!(of(AttributeType::Local), [Attribute::Local(true)]);
            assert_eq!(of(AttributeType::ValueLen), [Attribute::ValueLen(32.into())]);
            assert!(of(AttributeType::Value).is_empty(), "the module shows the key");
            custodian.turn().unwrap();
            assert_eq!(labels(&owner), ["tacebo root epoch 5", "tacebo root epoch 6"]);
            custodian.destroy(5).unwrap();
            assert_eq!(labels(&owner), ["tacebo root epoch 6"]);
            custodian.retire().unwrap();
            assert!(labels(&owner).is_empty());
            assert!(custodian.about().contains("SoftHSM"), "{}", custodian.about());
        },
    );
}

#[test]
fn institutions_share_a_token_without_seeing_each_others_keys() {
    alone("pkcs11::institutions_share_a_token_without_seeing_each_others_keys", |token| {
        let other = Pkcs11At { name: "tacebo root epoch 1 of another".into(), ..token.at() };
        let ours = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        assert!(matches!(trouble(Pkcs11::open(&other, PIN)), Trouble::NoRoot(_)));
        assert!(!Pkcs11::exists(&other, PIN).unwrap());
        let theirs = Pkcs11::create(&other, PIN, 1).unwrap();
        let wrapped = ours.wrap(Realm(1), 1, &[9; 32]).unwrap();
        assert!(matches!(theirs.unwrap(Realm(1), 1, &wrapped), Err(SealError::KeyUnreadable)));
        theirs.retire().unwrap();
        assert!(ours.unwrap(Realm(1), 1, &wrapped).is_ok());
        assert!(matches!(Pkcs11::create(&token.at(), PIN, 1), Err(SealError::CustodyExists)));
    });
}

#[test]
fn a_wrong_pin_is_tried_once_and_named() {
    alone("pkcs11::a_wrong_pin_is_tried_once_and_named", |token| {
        let custodian = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        drop(custodian);
        for _ in 0..2 {
            assert!(matches!(trouble(Pkcs11::open(&token.at(), "24680")), Trouble::Denied(_)));
        }
        assert!(Pkcs11::open(&token.at(), PIN).is_ok());
    });
}

#[test]
fn what_is_not_there_is_said_in_time() {
    alone("pkcs11::what_is_not_there_is_said_in_time", |token| {
        let no_library = Pkcs11At { library: token.folder.join("no.so"), ..token.at() };
        assert!(matches!(trouble(Pkcs11::open(&no_library, PIN)), Trouble::Unreachable(_)));
        let no_module = Pkcs11At { library: token.folder.join("softhsm2.conf"), ..token.at() };
        assert!(matches!(trouble(Pkcs11::open(&no_module, PIN)), Trouble::Unreachable(_)));
        let no_token = Pkcs11At { token: "elsewhere".into(), ..token.at() };
        let said = trouble(Pkcs11::open(&no_token, PIN));
        assert!(matches!(&said, Trouble::Unreachable(words) if words.contains("elsewhere")), "{said}");
        let no_patience = Pkcs11At { patience: Duration::ZERO, ..token.at() };
        assert_eq!(trouble(Pkcs11::open(&no_patience, PIN)), Trouble::Silent(0));
    });
}

#[test]
fn a_module_that_was_restarted_is_used_again_at_the_next_ask() {
    alone("pkcs11::a_module_that_was_restarted_is_used_again_at_the_next_ask", |token| {
        let custodian = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
        let restart = || Library::new(library()).unwrap().finalize().unwrap();
        restart();
        assert_eq!(*custodian.unwrap(Realm(1), 1, &wrapped).unwrap(), [9; 32]);
        restart();
        assert_eq!(custodian.turn().unwrap(), 2);
        restart();
        assert_eq!(custodian.destroy(1).unwrap().epoch(), 1);
        // Somebody else's program ends every session of the token.
        restart();
        assert_eq!(Pkcs11::open(&token.at(), PIN).unwrap().epochs(), [2]);
        assert!(custodian.fingerprint(2).is_ok());
    });
}

#[test]
fn a_token_that_was_taken_away_is_an_error_until_it_is_back() {
    alone("pkcs11::a_token_that_was_taken_away_is_an_error_until_it_is_back", |token| {
        let custodian = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        let wrapped = custodian.wrap(Realm(1), 1, &[9; 32]).unwrap();
        let away = token.folder.join("away");
        fs::rename(token.files(), &away).unwrap();
        Library::new(library()).unwrap().finalize().unwrap();
        assert!(matches!(trouble(custodian.unwrap(Realm(1), 1, &wrapped)), Trouble::Unreachable(_)));
        assert!(matches!(trouble(custodian.turn()), Trouble::Unreachable(_)));
        assert!(matches!(trouble(custodian.destroy(1)), Trouble::Unreachable(_)));
        assert_eq!(custodian.epochs(), [1]);
        // SoftHSM makes the folder anew when it starts without one.
        drop(fs::remove_dir_all(token.files()));
        fs::rename(away, token.files()).unwrap();
        assert_eq!(*custodian.unwrap(Realm(1), 1, &wrapped).unwrap(), [9; 32]);
    });
}

#[test]
fn a_key_that_may_leave_the_module_or_bears_a_taken_name_is_not_used() {
    alone("pkcs11::a_key_that_may_leave_the_module_or_bears_a_taken_name_is_not_used", |token| {
        let custodian = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        let owner = owner(token);
        made(&owner, "tacebo root epoch 2", true);
        assert_eq!(trouble(Pkcs11::open(&token.at(), PIN)), Trouble::Extractable(2));
        assert_eq!(trouble(custodian.wrap(Realm(1), 2, &[9; 32])), Trouble::Extractable(2));
        assert!(matches!(custodian.turn(), Err(SealError::CustodyChanged)));
        let key = owner.find_objects(&[Attribute::Label("tacebo root epoch 2".into())]).unwrap()[0];
        owner.destroy_object(key).unwrap();
        made(&owner, "tacebo root epoch 1", false);
        assert_eq!(trouble(Pkcs11::open(&token.at(), PIN)), Trouble::Doubled(1));
    });
}

#[test]
fn a_key_left_in_the_making_by_a_program_that_died_is_never_used_and_swept_away() {
    alone("pkcs11::a_key_left_in_the_making_by_a_program_that_died_is_never_used_and_swept_away", |token| {
        let custodian = Pkcs11::create(&token.at(), PIN, 1).unwrap();
        let owner = owner(token);
        made(&owner, "tacebo root epoch 2 (in the making)", false);
        assert_eq!(Pkcs11::open(&token.at(), PIN).unwrap().epochs(), [1]);
        assert!(matches!(custodian.wrap(Realm(1), 2, &[9; 32]), Err(SealError::EpochGone(2))));
        assert_eq!(custodian.turn().unwrap(), 2);
        assert_eq!(labels(&owner), ["tacebo root epoch 1", "tacebo root epoch 2"]);
    });
}

#[test]
fn of_many_that_turn_at_once_one_succeeds_at_most_and_no_epoch_is_made_twice() {
    alone("pkcs11::of_many_that_turn_at_once_one_succeeds_at_most_and_no_epoch_is_made_twice", |token| {
        drop(Pkcs11::create(&token.at(), PIN, 1).unwrap());
        for round in 0..8 {
            let open: Vec<_> = (0..4).map(|_| Pkcs11::open(&token.at(), PIN).unwrap()).collect();
            let before = open[0].epochs();
            let turned = std::thread::scope(|scope| {
                let threads: Vec<_> = open.iter().map(|one| scope.spawn(|| one.turn())).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            let won = turned.iter().filter(|turn| turn.is_ok()).count();
            assert!(won <= 1, "round {round}: {turned:?}");
            // SoftHSM has many words for an object that another program takes away while it is being made.
            let lost = |turn: &Result<u32, SealError>| match turn {
                Ok(_) | Err(SealError::CustodyChanged) => true,
                Err(SealError::Custodian { trouble, .. }) => matches!(trouble, Trouble::Refused(_)),
                Err(_) => false,
            };
            assert!(turned.iter().all(lost), "round {round}: {turned:?}");
            let after = Pkcs11::open(&token.at(), PIN).unwrap().epochs();
            assert_eq!(after.len(), before.len() + won, "round {round}");
            let all = labels(&owner(token));
            assert!(all.iter().collect::<std::collections::BTreeSet<_>>().len() == all.len(), "{all:?}");
        }
    });
}
