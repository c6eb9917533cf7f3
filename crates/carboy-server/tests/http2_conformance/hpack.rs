//! RFC 7541: how fields are packed.

use super::{common::h2::*, *};

/// `GET`, `http`, `/` and the authority `a` by the static table.
const INDEXED: &[u8] = &[0x82, 0x86, 0x84, 0x01, 0x01, b'a'];

fn ok(peer: &mut Peer, block: &[u8]) -> Expect {
    peer.send(headers(WHOLE, 1, block));
    Status(1, 200)
}

fn broken(peer: &mut Peer, block: &[u8]) -> Expect {
    peer.send(headers(WHOLE, 1, block));
    Goaway(COMPRESSION)
}

/// The indexed request, and more.
fn and(more: &[u8]) -> Vec<u8> {
    [INDEXED, more].concat()
}

/// A literal whose name and value are given as they stand on the wire.
fn literal(first: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[first], name, value].concat()
}

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    case("2.3.3", "index 0", |p| broken(p, &and(&[0x80]))),
    case("2.3.3", "an index behind both tables", |p| broken(p, &and(&[0xbe]))),
    case("2.3.3", "an index far behind both tables", |p| broken(p, &and(&integer(0x80, 7, 5000)))),
    case("2.3.3", "the name of an index behind both tables", |p| broken(p, &and(&[0x7e, 1, b'x']))),
    case("4.1", "an entry that is larger than the table empties it", |p| { let big = literal(0x40, &string("x"), &string("y".repeat(4090))); p.send(headers(WHOLE, 1, &and(&big))); p.status(1); p.send(headers(WHOLE, 3, &and(&[0xbe]))); Goaway(COMPRESSION) }),
    case("4.2", "a smaller table at the begin of a block", |p| ok(p, &[&[0x20], INDEXED].concat())),
    case("4.2", "two sizes at the begin of a block", |p| ok(p, &[&integer(0x20, 5, 0)[..], &integer(0x20, 5, 4096), INDEXED].concat())),
    case("4.2", "a size at the end of a block", |p| broken(p, &and(&[0x20]))),
    case("4.2", "a size within a block", |p| broken(p, &[&INDEXED[..3], &[0x20], &INDEXED[3..]].concat())),
    case("4.2", "a table that shrinks loses its entries", |p| { p.send(headers(WHOLE, 1, &and(&literal(0x40, &string("x"), &string("y"))))); p.status(1); p.send(headers(WHOLE, 3, &[&[0x20], INDEXED, &[0xbe]].concat())); Goaway(COMPRESSION) }),
    case("4.4", "old entries leave for new ones", |p| {
        let mut block = INDEXED.to_vec();
        for i in 0..200 { block.extend(literal(0x40, &string(format!("x{i}")), &string("y"))); }
        p.send(headers(WHOLE, 1, &block)); p.status(1);
        // Entries of 36 bytes or so: about 113 fit.
        p.send(headers(WHOLE, 3, &and(&integer(0x80, 7, 61 + 150)))); Goaway(COMPRESSION) }),
    case("5.1", "a number that does not fit", |p| broken(p, &and(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]))),
    case("5.1", "a number that ends with the block", |p| broken(p, &and(&[0xff, 0x80]))),
    case("5.1", "a number with needless bytes", |p| ok(p, &and(&literal(0x00, &string("x"), &[&[0x7f, 0x80, 0x80, 0x00][..], &[b'y'; 127]].concat())))),
    case("5.2", "a string that is longer than the block", |p| broken(p, &and(&literal(0x00, &string("x"), &[10, b'y'])))),
    case("5.2", "a string in the code of Huffman", |p| ok(p, &and(&literal(0x00, &string("x"), &[0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff])))),
    case("5.2", "a string of 130 bytes in the code of Huffman", |p| ok(p, &and(&literal(0x00, &string("x"), &[&integer(0x80, 7, 130)[..], &[0x1f; 0]].concat().into_iter().chain([0x00; 130]).collect::<Vec<_>>())))),
    case("5.2", "padding of more than seven bits", |p| broken(p, &and(&literal(0x00, &string("x"), &[0x82, 0x07, 0xff])))),
    case("5.2", "padding of zeros", |p| broken(p, &and(&literal(0x00, &string("x"), &[0x81, 0x18])))),
    case("5.2", "the end of a string as a symbol", |p| broken(p, &and(&literal(0x00, &string("x"), &[0x84, 0xff, 0xff, 0xff, 0xff])))),
    case("6.1", "fields of the static table", |p| ok(p, INDEXED)),
    case("6.2.1", "a field that is added to the table", |p| { p.send(headers(WHOLE, 1, &and(&literal(0x40, &string("x"), &string("y"))))); p.status(1); p.send(headers(WHOLE, 3, &and(&[0xbe]))); Status(3, 200) }),
    case("6.2.1", "a name of the static table that is added", |p| { p.send(headers(WHOLE, 1, &and(&literal(0x40 | 58, b"", &string("me/1.0"))))); p.status(1); p.send(headers(WHOLE, 3, &and(&[0xbe]))); Status(3, 200) }),
    case("6.2.2", "a name of the static table that is not added", |p| { p.send(headers(WHOLE, 1, &and(&[&integer(0x00, 4, 58)[..], &string("me/1.0")].concat()))); p.status(1); p.send(headers(WHOLE, 3, &and(&[0xbe]))); Goaway(COMPRESSION) }),
    case("6.2.3", "a field that is never added", |p| ok(p, &and(&literal(0x10, &string("authorization"), &string("secret"))))),
    case("6.3", "a size above what the server offers", |p| broken(p, &[&integer(0x20, 5, 4097)[..], INDEXED].concat())),
    case("C.2", "a block that ends within a field", |p| broken(p, &and(&[0x00, 1]))),
];
