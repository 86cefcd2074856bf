//! Against Wycheproof and another implementation; where each vector comes from stands in its file. (SM4-GCM and HMAC-SM3
//! themselves: `crates/shangmi`.)

use super::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Tests<T> {
    tests: Vec<T>,
}

#[derive(Deserialize)]
struct Sealed {
    id: u32,
    key: String,
    iv: String,
    aad: String,
    msg: String,
    ct: String,
    tag: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Tagged {
    id: u32,
    key: String,
    msg: String,
    tag: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Derived {
    id: u32,
    ikm: String,
    salt: String,
    info: String,
    okm: String,
}

#[derive(Deserialize)]
struct Expanded {
    prk: String,
    info: String,
    okm: String,
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn aes_256_gcm_holds_every_test_of_wycheproof() {
    let file: Tests<Sealed> = serde_json::from_str(include_str!("../testdata/wycheproof-aes-256-gcm.json")).unwrap();
    assert_eq!(file.tests.len(), 66);
    for test in file.tests {
        let key = Aead::new(Suite::International, &hex(&test.key)).unwrap();
        let (nonce, aad, msg) = (hex(&test.iv).try_into().unwrap(), hex(&test.aad), hex(&test.msg));
        let sealed = [hex(&test.ct), hex(&test.tag)].concat();
        let mut opened = vec![0; sealed.len() - TAG];
        assert_eq!(key.open(nonce, &aad, &sealed, &mut opened).is_ok(), test.valid, "{}", test.id);
        if test.valid {
            assert_eq!(opened, msg, "{}", test.id);
            let mut out = vec![0; msg.len() + TAG];
            key.seal(nonce, &aad, &msg, &mut out).unwrap();
            assert_eq!(out, sealed, "{}", test.id);
        }
    }
}

#[test]
fn hmac_sha_256_holds_every_test_of_wycheproof() {
    let file: Tests<Tagged> = serde_json::from_str(include_str!("../testdata/wycheproof-hmac-sha256.json")).unwrap();
    assert_eq!(file.tests.len(), 87);
    for test in file.tests {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &hex(&test.key));
        assert_eq!(hmac::sign(&key, &hex(&test.msg)).as_ref() == hex(&test.tag), test.valid, "{}", test.id);
    }
}

#[test]
fn hkdf_expand_with_sha_512_holds_every_test_of_wycheproof() {
    let file: Tests<Derived> = serde_json::from_str(include_str!("../testdata/wycheproof-hkdf-sha512.json")).unwrap();
    assert_eq!(file.tests.len(), 76);
    for test in file.tests {
        // The vectors begin with Extract, which is an HMAC.
        let prk = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &hex(&test.salt)), &hex(&test.ikm));
        let key = InputKey::Sha512(hmac::Key::new(hmac::HMAC_SHA512, prk.as_ref()));
        let okm = hex(&test.okm);
        assert_eq!(key.expand(&[&hex(&test.info)], &[]).unwrap()[..okm.len()], okm, "{}", test.id);
    }
}

#[test]
fn hkdf_expand_with_sm3_is_that_of_another_implementation() {
    let file: Tests<Expanded> = serde_json::from_str(include_str!("../testdata/hkdf-expand-sm3.json")).unwrap();
    assert_eq!(file.tests.len(), 4);
    for test in file.tests {
        let key = InputKey::new(Suite::Shangmi, &Secret::copy_of(&hex(&test.prk)).unwrap()).unwrap();
        let (info, okm) = (hex(&test.info), hex(&test.okm));
        let (head, tail) = info.split_at(info.len() / 2);
        assert_eq!(key.expand(&[head], &[tail]).unwrap()[..okm.len()], okm);
    }
}

#[test]
fn what_does_not_fit_is_refused_in_every_suite() {
    for suite in Suite::ALL {
        let length = Aead::key_len(suite);
        assert!(Aead::new(suite, &vec![1; length - 1]).is_err());
        let key = Aead::new(suite, &vec![1; length]).unwrap();
        assert!(key.seal([0; NONCE], b"", b"text", &mut [0; 19]).is_err());
        let mut sealed = [0; 20];
        key.seal([0; NONCE], b"", b"text", &mut sealed).unwrap();
        let mut out = [0; 4];
        assert!(key.open([0; NONCE], b"", &sealed[..15], &mut out).is_err());
        assert!(key.open([0; NONCE], b"", &sealed[..19], &mut out).is_err());
        assert!(key.open([1; NONCE], b"", &sealed, &mut out).is_err());
        assert!(key.open([0; NONCE], b"x", &sealed, &mut out).is_err());
        key.open([0; NONCE], b"", &sealed, &mut out).unwrap();
        assert_eq!(&out, b"text");
    }
}
