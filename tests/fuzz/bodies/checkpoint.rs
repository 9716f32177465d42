//! Notes, keys, checkpoints, and what log and witness say to each other.

use grounds::tlog::{
    AddCheckpoint, Checkpoint, Head, KnownLog, Note, SignatureLine, VerifierKey, judge,
    parse_cosignatures, parse_last_size, write_cosignatures, write_last_size,
};

use super::ground::{GOOD, ORIGIN, log_key};

/// - What is read is written back to the same bytes: notes, their lines, keys, bodies, requests.
/// - What opens here opens in another implementation of signed notes, with the same text.
/// - Nothing opens under the log's key but the text that it has signed.
/// - A witness signs no head that the log's key has not, and none that it cannot be sure extends the
///   last.
pub fn run(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.to_bytes(), data);
        assert_eq!(
            Note::new(note.text(), note.signatures().to_vec()),
            Ok(note.clone())
        );
        for line in note.signatures() {
            let text = line.to_string();
            assert_eq!(
                SignatureLine::parse(text.trim_end_matches('\n')).as_ref(),
                Ok(line)
            );
        }
        assert!(
            signed_note::Note::from_bytes(data).is_ok(),
            "no note to others"
        );
    }
    if let Ok(text) = std::str::from_utf8(data) {
        lines(text);
    }
    opened(data);
    asked(data);
    if let Ok(lines) = parse_cosignatures(data) {
        assert_eq!(write_cosignatures(&lines), data);
    }
    if let Some(size) = parse_last_size(data) {
        assert_eq!(write_last_size(size), data);
    }
}

fn lines(text: &str) {
    if let Ok(line) = SignatureLine::parse(text) {
        assert_eq!(line.to_string().trim_end_matches('\n'), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(body) = Checkpoint::parse_body(text) {
        assert_eq!(body.body(), text);
        if body.origin == ORIGIN {
            let signed = body.sign(&log_key()).unwrap();
            let open = Checkpoint::open(&signed, &GOOD.vkey).unwrap();
            assert_eq!(open.checkpoint, body);
            assert_eq!(open.all_checked(), Ok(()));
        } else {
            assert!(body.sign(&log_key()).is_err());
        }
    }
}

fn opened(data: &[u8]) {
    let Ok(open) = Checkpoint::open(data, &GOOD.vkey) else {
        return;
    };
    let known = open.checkpoint;
    assert_eq!(
        Some(known.root),
        GOOD.tree.root_at(known.size),
        "a head that nobody signed"
    );
    let key = signed_note::StandardVerifier::new(&GOOD.vkey.to_string()).unwrap();
    let theirs = signed_note::Note::from_bytes(data).expect("a note to others");
    let verified = theirs.verify(&signed_note::VerifierList::new(vec![Box::new(key)]));
    assert!(verified.is_ok(), "opens here and not elsewhere");
    assert_eq!(known.body().as_bytes(), theirs.text());
}

fn asked(data: &[u8]) {
    let Ok(request) = AddCheckpoint::parse(data) else {
        return;
    };
    assert_eq!(request.to_bytes(), data);
    let keys = [GOOD.vkey.clone()];
    let last = |size| Head {
        size,
        root: GOOD.tree.root_at(size).unwrap(),
    };
    for last in [None, Some(last(1)), Some(last(7)), Some(last(16))] {
        let judgement = judge(&request, Some(KnownLog { keys: &keys, last }));
        if let Ok(extension) = judgement.verdict {
            let Head { size, root } = extension.head;
            assert_eq!(
                Some(root),
                GOOD.tree.root_at(size),
                "a head that nobody signed"
            );
            assert!(
                last.is_none_or(|last| last.size <= size),
                "a head that went back"
            );
        }
    }
    assert!(
        judge(&request, None).verdict.is_err(),
        "a log that nobody trusts"
    );
}
