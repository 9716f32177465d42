//! Forms: how a typed value is read from JSON and written back, field by field.
//!
//! Reading is strict where general deserialisers are lenient: unknown fields are refused, an array
//! is never taken for a record, an absent field is never `null`, and every message names the path.
//! `record!` and `words!` declare a type once; its
//! reader, its writer and the row that `docs/FORMAT.md` shows all follow from that.

use std::borrow::Cow;

use crate::hash::Hash;
use crate::json::Json;
use crate::value::{
    Date, Doi, EventId, FormError, KeyId, Line, Origin, PublicKey, Ratio, Slug, Subject, Text, Url,
    excerpt,
};

/// A type with one JSON form.
pub trait Form: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What was found in which field, and what its form is.
    fn read(json: &Json<'_>) -> Result<Self, FormError>;

    /// Writes it.
    fn write(&self) -> Json<'_>;

    /// Its form in the words of `docs/FORMAT.md`.
    fn describe() -> String;
}

/// A field as documented: its name, whether it may be absent, and its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in the JSON object.
    pub name: &'static str,
    /// Whether it may be absent.
    pub optional: bool,
    /// Its form in words.
    pub form: String,
}

/// A JSON object that is read field by field.
pub struct Fields<'j, 'a> {
    members: &'j [(Cow<'a, str>, Json<'a>)],
    known: Vec<&'static str>,
}

impl<'j, 'a> Fields<'j, 'a> {
    /// Begins with an object.
    ///
    /// # Errors
    /// `schema` when it is no object.
    pub fn of(json: &'j Json<'a>) -> Result<Fields<'j, 'a>, FormError> {
        match json {
            Json::Obj(members) => Ok(Fields {
                members,
                known: Vec::with_capacity(12),
            }),
            other => Err(FormError::schema(other.kind(), "an object")),
        }
    }

    /// The value of a field that must be there.
    ///
    /// # Errors
    /// `schema` when it is absent, or as its form says.
    pub fn required<T: Form>(&mut self, name: &'static str) -> Result<T, FormError> {
        self.raw(name)
            .ok_or_else(|| FormError::schema("nothing", T::describe()))
            .and_then(T::read)
            .map_err(|error| error.inside(name))
    }

    /// The value of a field that may be absent.
    ///
    /// # Errors
    /// As its form says; `null` is no absence.
    pub fn optional<T: Form>(&mut self, name: &'static str) -> Result<Option<T>, FormError> {
        self.raw(name)
            .map(T::read)
            .transpose()
            .map_err(|error| error.inside(name))
    }

    /// The JSON of a field, unread.
    pub fn raw(&mut self, name: &'static str) -> Option<&'j Json<'a>> {
        self.known.push(name);
        self.members
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Ends: nothing else may stand in the object.
    ///
    /// # Errors
    /// `schema` for the first unknown field.
    pub fn end(self) -> Result<(), FormError> {
        let unknown = self
            .members
            .iter()
            .find(|(key, _)| !self.known.contains(&&**key));
        match unknown {
            None => Ok(()),
            Some((key, _)) => Err(FormError::schema(
                format!("the unknown field {}", excerpt(key)),
                format!("only {}", self.known.join(", ")),
            )),
        }
    }
}

/// Declares a record: a JSON object with these fields and no others. Each field is `req` or `opt`.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[$fmeta:meta])* $field:ident : $need:ident $ty:ty ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $( $(#[$fmeta])* pub $field: $crate::form::record!(@type $need $ty) ),* }

        impl $name {
            /// The fields as `docs/FORMAT.md` lists them.
            #[must_use]
            pub fn fields() -> Vec<$crate::form::Field> {
                vec![ $( $crate::form::Field {
                    name: $crate::form::field_name(stringify!($field)),
                    optional: $crate::form::record!(@optional $need),
                    form: <$ty as $crate::form::Form>::describe(),
                } ),* ]
            }
        }

        impl $crate::form::Form for $name {
            fn read(json: &$crate::json::Json<'_>) -> Result<Self, $crate::value::FormError> {
                let mut fields = $crate::form::Fields::of(json)?;
                $( let $field = $crate::form::record!(@read $need fields $field); )*
                fields.end()?;
                Ok($name { $($field),* })
            }

            #[allow(clippy::vec_init_then_push)] // whether a field is pushed at once depends on the record
            fn write(&self) -> $crate::json::Json<'_> {
                let mut members: Vec<(std::borrow::Cow<'_, str>, $crate::json::Json<'_>)> = Vec::new();
                $( $crate::form::record!(@write $need self members $field); )*
                members.sort_by(|left, right| left.0.cmp(&right.0));
                $crate::json::Json::Obj(members)
            }

            fn describe() -> String {
                let fields: Vec<String> = Self::fields()
                    .into_iter()
                    .map(|field| format!("{}{}", field.name, if field.optional { "?" } else { "" }))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    };
    (@type req $ty:ty) => { $ty };
    (@type opt $ty:ty) => { Option<$ty> };
    (@optional req) => { false };
    (@optional opt) => { true };
    (@read req $fields:ident $field:ident) => {
        $fields.required($crate::form::field_name(stringify!($field)))?
    };
    (@read opt $fields:ident $field:ident) => {
        $fields.optional($crate::form::field_name(stringify!($field)))?
    };
    (@write req $self:ident $members:ident $field:ident) => {
        $members.push(($crate::form::field_name(stringify!($field)).into(), $crate::form::Form::write(&$self.$field)));
    };
    (@write opt $self:ident $members:ident $field:ident) => {
        if let Some(value) = &$self.$field {
            $members.push(($crate::form::field_name(stringify!($field)).into(), $crate::form::Form::write(value)));
        }
    };
}
pub(crate) use record;

/// Declares an enumeration whose values are words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $word:literal ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vmeta])* $variant ),* }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [$name] = &[ $( $name::$variant ),* ];

            /// The word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $( $name::$variant => $word ),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::value::FormError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.word() == text).ok_or_else(|| {
                    $crate::value::FormError::schema(
                        $crate::value::excerpt(text),
                        <Self as $crate::form::Form>::describe(),
                    )
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl $crate::form::Form for $name {
            fn read(json: &$crate::json::Json<'_>) -> Result<Self, $crate::value::FormError> {
                $crate::form::text_of(json)?.parse()
            }

            fn write(&self) -> $crate::json::Json<'_> {
                $crate::json::Json::string(self.word())
            }

            fn describe() -> String {
                [ $( $word ),* ].join(", ")
            }
        }
    };
}
pub(crate) use words;

/// The JSON name of a Rust field; `ref` is a keyword here.
#[must_use]
pub fn field_name(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// The text of a JSON string.
///
/// # Errors
/// `schema` for any other kind of value.
pub fn text_of<'j>(json: &'j Json<'_>) -> Result<&'j str, FormError> {
    match json {
        Json::Str(text) => Ok(text),
        other => Err(FormError::schema(other.kind(), "a string")),
    }
}

macro_rules! parsed_forms {
    ($( [$($generics:tt)*] $ty:ty, $parse:expr, $describe:expr; )*) => {$(
        impl<$($generics)*> Form for $ty {
            fn read(json: &Json<'_>) -> Result<Self, FormError> {
                #[allow(clippy::redundant_closure_call)]
                $parse(text_of(json)?)
            }

            fn write(&self) -> Json<'_> {
                Json::string(self.to_string())
            }

            fn describe() -> String {
                $describe
            }
        }
    )*};
}

parsed_forms! {
    [] Ratio, str::parse, "ratio".into();
    [] Date, str::parse, "date".into();
    [] Slug, str::parse, "slug".into();
    [] Subject, str::parse, "subject".into();
    [] Origin, str::parse, "origin".into();
    [] KeyId, str::parse, "key id".into();
    [] PublicKey, str::parse, "key".into();
    [] EventId, str::parse, "event id".into();
}

macro_rules! text_forms {
    ($( [$($generics:tt)*] $ty:ty, $describe:expr; )*) => {$(
        impl<$($generics)*> Form for $ty {
            fn read(json: &Json<'_>) -> Result<Self, FormError> {
                <$ty>::parse(text_of(json)?)
            }

            fn write(&self) -> Json<'_> {
                Json::string(self.as_str())
            }

            fn describe() -> String {
                $describe
            }
        }
    )*};
}

text_forms! {
    [const MAX: usize] Line<MAX>, format!("line {MAX}");
    [const MAX: usize] Text<MAX>, format!("text {MAX}");
    [] Url, "url".into();
    [] Doi, "doi".into();
}

impl Form for Hash {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let text = text_of(json)?;
        text.parse()
            .map_err(|_| FormError::schema(excerpt(text), "64 lower-case hexadecimal digits"))
    }

    fn write(&self) -> Json<'_> {
        Json::string(self.to_string())
    }

    fn describe() -> String {
        "hex".into()
    }
}

impl Form for bool {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        match json {
            Json::Bool(value) => Ok(*value),
            other => Err(FormError::schema(other.kind(), "true or false")),
        }
    }

    fn write(&self) -> Json<'_> {
        Json::Bool(*self)
    }

    fn describe() -> String {
        "true or false".into()
    }
}

/// An integer from 0 to 2^53 − 1.
impl Form for u64 {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        match json {
            Json::Int(number) => u64::try_from(*number)
                .map_err(|_| FormError::schema(number.to_string(), "an integer from 0")),
            other => Err(FormError::schema(other.kind(), "an integer")),
        }
    }

    fn write(&self) -> Json<'_> {
        Json::Int(i64::try_from(*self).expect("integers of the ledger are within 2^53"))
    }

    fn describe() -> String {
        "integer".into()
    }
}

/// A list in the author's order, with at least one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

/// A list in the author's order that may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyList<T>(pub Vec<T>);

/// A set: sorted by the UTF-8 bytes of each item's key, without repeats, at least one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<T>(pub Vec<T>);

/// A set that may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnySet<T>(pub Vec<T>);

/// What a set is sorted by.
pub trait Keyed {
    /// The key.
    fn set_key(&self) -> String;
}

macro_rules! listed {
    ($($name:ident, $bound:path, $sorted:tt, $empty:literal, $what:literal;)*) => {$(
        impl<T: Form + $bound> Form for $name<T> {
            fn read(json: &Json<'_>) -> Result<Self, FormError> {
                let items = items_of(json, $empty)?;
                listed!(@check $sorted items);
                Ok($name(items))
            }

            fn write(&self) -> Json<'_> {
                Json::Arr(self.0.iter().map(Form::write).collect())
            }

            fn describe() -> String {
                format!(concat!($what, " of {}"), T::describe())
            }
        }
    )*};
    (@check true $items:ident) => { in_order(&$items)?; };
    (@check false $items:ident) => {};
}

listed! {
    List, Sized, false, false, "list";
    AnyList, Sized, false, true, "list, may be empty,";
    Set, Keyed, true, false, "set";
    AnySet, Keyed, true, true, "set, may be empty,";
}

fn items_of<T: Form>(json: &Json<'_>, may_be_empty: bool) -> Result<Vec<T>, FormError> {
    let Json::Arr(items) = json else {
        return Err(FormError::schema(json.kind(), "an array"));
    };
    if items.is_empty() && !may_be_empty {
        return Err(FormError::schema("an empty array", "at least one item"));
    }
    let read =
        |(position, item)| T::read(item).map_err(|error| error.inside(&format!("[{position}]")));
    items.iter().enumerate().map(read).collect()
}

fn in_order<T: Keyed>(items: &[T]) -> Result<(), FormError> {
    let keys: Vec<String> = items.iter().map(Keyed::set_key).collect();
    match keys.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(position) => Err(FormError::schema(
            format!(
                "{} after {}",
                excerpt(&keys[position + 1]),
                excerpt(&keys[position])
            ),
            "a set sorted by UTF-8 bytes, each item once",
        )),
    }
}
