"""Opened fields as the bus sends them: what their sender sealed, who opened it, on what ground."""

from datetime import datetime

from schemas.errors import Broken
from schemas.jwk import b64url
from schemas.oversight import FieldsOpened, OpenedField, OpeningRequest
from schemas.seal_open import OpenedLeaf, sealed_parts
from services.casebook.work import Work
from services.casework.effects import Open, ToOpen
from services.casework.say import About, envelope_of
from services.confidentiality.asked import is_within
from services.exchange.asking import opened_of
from services.exchange.office import Office
from services.exchange.unsealed import original_in, reopened


def fields_opened(
    effect: Open, about: About, office: Office, work: Work, at: datetime
) -> FieldsOpened:
    """Return the record for who asked. Raises Broken casebook.original_missing, case.erased."""
    row = original_in(work, effect.author, effect.about)
    original = reopened(office, row)
    request = reopened(office, original_in(work, effect.asker, effect.request)).message
    if not isinstance(request, OpeningRequest):
        raise Broken("casebook.original_missing", detail=effect.request)
    known = work.message(effect.author, effect.about)
    seal = original.message.envelope.seal
    found = opened_of(original, [each.path for each in effect.fields])
    return FieldsOpened(
        envelope=envelope_of(
            "FieldsOpened", effect.request, effect.to, about, office.rulebook, at, effect.message
        ),
        message=effect.about,
        message_record=effect.record,
        author=effect.author,
        message_case=row.case_id,
        received_at=known.received_at if known else at,
        relation=effect.relation,
        schema=original.schema,
        answer=effect.message if effect.by else None,
        opened_by=effect.by,
        reason=request.reason,
        basis=request.basis,
        rulebook=office.rulebook.hash,
        fields=tuple(_field(leaf, effect.fields) for leaf in found.leaves),
        parts=sealed_parts(found.parts),
        jws=seal.jws if seal else None,
    )


def _field(leaf: OpenedLeaf, asked: tuple[ToOpen, ...]) -> OpenedField:
    by = next(each for each in asked if is_within(leaf.path, each.path))
    return OpenedField(
        path=leaf.path,
        value=leaf.value,
        salt=b64url(leaf.salt),
        withheld_by=by.withheld_by,
        withheld_basis=by.withheld_basis,
        opened_rule=by.rule,
        opened_basis=by.basis,
    )
