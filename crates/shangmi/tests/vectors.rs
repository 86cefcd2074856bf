//! Against the standards, Wycheproof and another implementation; where each vector comes from stands in its file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use serde::Deserialize;
use tacebo_shangmi::{HmacSm3, Refused, Sm2Key, Sm2Public, Sm4Gcm, sm3};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

#[derive(Deserialize)]
struct Standards {
    sm3: Hashes,
    sm4: Block,
    sm4_gcm: Message,
    sm2: Signed,
}

#[derive(Deserialize)]
struct Hashes {
    tests: Vec<Hashed>,
}

#[derive(Deserialize)]
struct Hashed {
    msg: String,
    hash: String,
}

#[derive(Deserialize)]
struct Block {
    key: String,
    plain: String,
    once: String,
    million: String,
}

#[derive(Deserialize)]
struct Message {
    key: String,
    nonce: String,
    bound: String,
    plain: String,
    sealed: String,
}

#[derive(Deserialize)]
struct Signed {
    private: String,
    public: String,
    msg: String,
    signature: String,
}

#[derive(Deserialize)]
struct Tests<T> {
    tests: Vec<T>,
}

#[derive(Deserialize)]
struct Aead {
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
struct Mac {
    id: u32,
    key: String,
    msg: String,
    tag: String,
    valid: bool,
}

fn standards() -> Standards {
    serde_json::from_str(include_str!("../testdata/standards.json")).unwrap()
}

#[test]
fn sm3_gives_the_hashes_of_the_standard() {
    for test in standards().sm3.tests {
        let msg = hex(&test.msg);
        assert_eq!(sm3(&[&msg]).unwrap(), array(&test.hash));
        let (head, tail) = msg.split_at(1);
        assert_eq!(sm3(&[head, b"", tail]).unwrap(), array(&test.hash), "in pieces");
    }
}

#[test]
fn sm4_gives_the_blocks_of_the_standard_once_and_a_million_times() {
    let test = standards().sm4;
    let mut cipher = botan::BlockCipher::new("SM4").unwrap();
    cipher.set_key(&hex(&test.key)).unwrap();
    let mut block = hex(&test.plain);
    cipher.encrypt_in_place(&mut block).unwrap();
    assert_eq!(block, hex(&test.once));
    for _ in 1..1_000_000 {
        cipher.encrypt_in_place(&mut block).unwrap();
    }
    assert_eq!(block, hex(&test.million));
}

#[test]
fn sm4_gcm_gives_the_message_of_rfc_8998() {
    let test = standards().sm4_gcm;
    let (key, plain) = (Sm4Gcm::new(&array(&test.key)), hex(&test.plain));
    let mut out = vec![0; plain.len() + 16];
    key.seal(&array(&test.nonce), &hex(&test.bound), &plain, &mut out).unwrap();
    assert_eq!(out, hex(&test.sealed));
}

#[test]
fn sm4_gcm_holds_every_test_of_wycheproof() {
    let file: Tests<Aead> = serde_json::from_str(include_str!("../testdata/wycheproof-sm4-gcm.json")).unwrap();
    assert_eq!(file.tests.len(), 65);
    for test in file.tests {
        let (key, nonce) = (Sm4Gcm::new(&array(&test.key)), array(&test.iv));
        let (aad, msg) = (hex(&test.aad), hex(&test.msg));
        let sealed = [hex(&test.ct), hex(&test.tag)].concat();
        let mut opened = vec![0; sealed.len() - 16];
        assert_eq!(key.open(&nonce, &aad, &sealed, &mut opened).is_ok(), test.valid, "{}", test.id);
        if test.valid {
            assert_eq!(opened, msg, "{}", test.id);
            let mut out = vec![0; msg.len() + 16];
            key.seal(&nonce, &aad, &msg, &mut out).unwrap();
            assert_eq!(out, sealed, "{}", test.id);
        } else {
            assert!(opened.iter().all(|byte| *byte == 0), "{}: text that was not proved came out", test.id);
        }
    }
}

#[test]
fn hmac_sm3_holds_every_test_of_wycheproof() {
    let file: Tests<Mac> = serde_json::from_str(include_str!("../testdata/wycheproof-hmac-sm3.json")).unwrap();
    assert_eq!(file.tests.len(), 87);
    for test in file.tests {
        let mac = HmacSm3::new(&hex(&test.key)).unwrap().mac(&[&hex(&test.msg)]).unwrap();
        assert_eq!(mac.as_slice() == hex(&test.tag), test.valid, "{}", test.id);
    }
}

#[test]
fn one_keyed_object_serves_message_after_message_and_refused_ones_between() {
    let (key, nonce) = (Sm4Gcm::new(&[1; 16]), [2; 12]);
    let mut first = [0; 20];
    key.seal(&nonce, b"place", b"text", &mut first).unwrap();
    let mut other = [0; 20];
    key.seal(&nonce, b"", b"text", &mut other).unwrap();
    assert_eq!(first[..4], other[..4]);
    assert_ne!(first[4..], other[4..], "what was bound before stayed bound");
    let mut out = [0; 4];
    for _ in 0..2 {
        assert_eq!(key.open(&nonce, b"elsewhere", &first, &mut out), Err(Refused::Damaged));
        key.open(&nonce, b"place", &first, &mut out).unwrap();
        assert_eq!(&out, b"text");
    }
    assert!(key.open(&nonce, b"place", &first[..19], &mut out).is_err());
    assert!(key.seal(&nonce, b"", b"text", &mut out).is_err());

    let mac = HmacSm3::new(&[1; 32]).unwrap();
    let one = mac.mac(&[b"ab", b"c"]).unwrap();
    assert_eq!(mac.mac(&[b"abc"]).unwrap(), one);
}

#[test]
fn sm2_knows_the_key_and_the_signature_of_the_standard() {
    let test = standards().sm2;
    let key = Sm2Key::from_bytes(&array(&test.private)).unwrap();
    let public = key.public().unwrap();
    assert_eq!(public.as_bytes().as_slice(), hex(&test.public));
    assert_eq!(key.to_bytes().unwrap().as_slice(), hex(&test.private));
    let (msg, signature) = (hex(&test.msg), hex(&test.signature));
    assert!(public.verify(&msg, &signature).unwrap());
    assert!(!public.verify(b"message digesT", &signature).unwrap());
    for bit in 0..signature.len() * 8 {
        let mut changed = signature.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!public.verify(&msg, &changed).unwrap(), "bit {bit}");
    }
}

#[test]
fn sm2_signatures_of_another_program_verify_under_their_own_key_only() {
    let file: Tests<Signed> = serde_json::from_str(include_str!("../testdata/sm2-signatures.json")).unwrap();
    assert_eq!(file.tests.len(), 8);
    let stranger = Sm2Key::generate().unwrap().public().unwrap();
    for test in file.tests {
        let key = Sm2Key::from_bytes(&array(&test.private)).unwrap();
        let public = Sm2Public::from_bytes(&hex(&test.public)).unwrap();
        assert_eq!(key.public().unwrap(), public);
        let (msg, signature) = (hex(&test.msg), hex(&test.signature));
        assert!(public.verify(&msg, &signature).unwrap());
        assert!(!stranger.verify(&msg, &signature).unwrap());
        assert!(public.verify(&msg, &key.sign(&msg).unwrap()).unwrap());
    }
}

#[test]
fn what_is_no_key_and_no_signature_is_refused() {
    let key = Sm2Key::generate().unwrap();
    let public = key.public().unwrap();
    assert_ne!(key.sign(b"x").unwrap(), key.sign(b"x").unwrap(), "a nonce came twice");
    for signature in [&[][..], &[0; 64], &[0xff; 64], &[1; 63], &[1; 65]] {
        assert!(!public.verify(b"x", signature).unwrap());
    }
    // Zero, and one beyond the curve's order.
    assert!(Sm2Key::from_bytes(&[0; 32]).is_err());
    assert!(Sm2Key::from_bytes(&[0xff; 32]).is_err());
    let mut point = *public.as_bytes();
    point[40] ^= 1;
    assert!(Sm2Public::from_bytes(&point).is_err(), "not on the curve");
    assert!(Sm2Public::from_bytes(&point[1..]).is_err());
    assert!(!format!("{key:?}").contains(&hex::encode(&key.to_bytes().unwrap()[..4])));
}
