//! Problem: what the description of the API says of refusals (RFC 9457).

use std::borrow::Cow;
use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::super::super::answer::Problem;

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = |what: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.description(Some(what))
        };
        let number = |what: &str| {
            let number = ObjectBuilder::new().schema_type(Type::Integer);
            number.description(Some(what))
        };
        ObjectBuilder::new()
            .description(Some("Why a request was not done (RFC 9457)"))
            .property("type", text("about:blank"))
            .property("title", text("The status in words"))
            .property("status", number("The status of HTTP"))
            .property(
                "code",
                text("A stable word for programs, the same as on the command line"),
            )
            .property(
                "detail",
                text("What was found and what was expected; may quote the request"),
            )
            .property("hint", text("The next step"))
            .property(
                "position",
                number("The event's position in the commit, from 0"),
            )
            .property("retry_after", number("When to ask again: seconds"))
            .property(
                "line",
                number("Which of several commits it is about, from 1"),
            )
            .required("type")
            .required("title")
            .required("status")
            .required("code")
            .required("detail")
            .into()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

/// The refusals of every read.
pub(in super::super) enum Refusals {}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals = [
            ("400", "The question is not of its form"),
            ("404", "Nothing of that name, or it was not there yet"),
            (
                "422",
                "The question is of its form, and cannot be answered here",
            ),
            ("500", "Damage, or a fault of this server"),
            (
                "503",
                "More is asked than is answered at a time; Retry-After says when to ask again",
            ),
        ];
        let refusals = refusals.map(|(status, what)| (status.to_owned(), refusal(what).into()));
        let unchanged = Response::new("What the asker has, by If-None-Match");
        refusals
            .into_iter()
            .chain([("304".to_owned(), unchanged.into())])
            .collect()
    }
}

fn refusal(what: &str) -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(what)
        .content("application/problem+json", problem.build())
        .build()
}
