"""Opening what an exchange needs, before it reads a single record."""

from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings
from connectors.bus.keyring import KEY_LEFT_MIN
from connectors.bus.keys import BUS_LOGIN, load_signer, read_passphrase
from connectors.bus.known_schemas import KnownSchemas
from connectors.bus.openers import FreshOpeners
from schemas.codec import current
from schemas.errors import Broken, UserError
from schemas.ids import BUS
from schemas.jwk import Signer, signer_of
from schemas.jws import is_in_force
from schemas.topics import RECORDS
from services.casebook.store import Casebook, open_sqlite, open_url
from services.exchange.office import Office
from services.exchange.own_keys import OwnKeys
from services.exchange.shelf import Shelf
from services.exchange.workers import refuse_several_on_sqlite
from services.rulebook.load import first_kept, keep, keep_first, kept, load
from services.rulebook.model import Rulebook


def open_office(home: Home, settings: Settings) -> Office:
    """Read the rulebook's copy, the bus's key and the schema ids.

    Raises UserError where one is missing, the key is not the directory's, has ended, or has not
    begun by this host's clock: nobody would believe what is sealed by it.
    """
    rulebook = load(home.rulebook)
    pem = home.key(BUS_LOGIN)
    if not pem.exists():
        raise UserError("home.login_missing", where=str(pem), exit_code=3)
    signer = load_signer(pem, read_passphrase(settings.keys.passphrase_file))
    registered = rulebook.directory.keys.get(signer.kid)
    if registered is None or registered.organ != BUS:
        raise UserError("seal.key_unknown", where=str(pem), exit_code=3)
    at = now()
    if registered.valid_from > at + KEY_LEFT_MIN:  # another key would not begin earlier
        told = f"{at:%Y-%m-%d %H:%M} < {registered.valid_from:%Y-%m-%d %H:%M} UTC"
        raise UserError("key.not_begun", where=str(pem), detail=told, exit_code=3)
    if not is_in_force(registered, at + KEY_LEFT_MIN):
        raise UserError("key.not_in_force", where=str(pem), exit_code=3)
    return _office(home, settings, rulebook, signer)


def open_again(home: Home, settings: Settings) -> Shelf:
    """Return the rulebooks that were ever in force here, to decide the logs once more.

    Nothing is written, and what is sealed on the way is thrown away, under a key made for it: a
    replay needs no key of the bus; without the bus's encryption keys, whether the keys of
    attachments opened then is not asked again. Raises Broken rulebook.unknown.
    """
    began = first_kept(home.rulebooks)
    rulebook = kept(home.rulebooks, began) if began else None
    if rulebook is None:
        raise Broken("rulebook.unknown", where=str(home.rulebooks), detail=(began or "")[:12])
    signer = signer_of(Ed25519PrivateKey.generate())
    return Shelf(_office(home, settings, rulebook, signer), partial(kept, home.rulebooks))


def _office(home: Home, settings: Settings, rulebook: Rulebook, signer: Signer) -> Office:
    known = KnownSchemas(home.schema_ids)
    for record in RECORDS:
        known.id_for(current(record).fingerprint)  # what we are to write has to be registered
    passphrase = read_passphrase(settings.keys.passphrase_file)
    return Office(
        rulebook=rulebook,
        signer=signer,
        partitions=settings.kafka.partitions,
        codecs=known,
        ids=known.ids,
        openers=FreshOpeners(home, BUS_LOGIN, passphrase),
        own_keys=OwnKeys(home),
    )


def open_shelf(home: Home, office: Office, *, log_is_new: bool) -> Shelf:
    """Return the rulebooks that were ever in force here; the copy in force is put to them.

    `log_is_new`: nothing was ever written to a flow, so it begins under the copy in force. Raises
    Broken rulebook.unknown when what the log began under is gone.
    """
    keep(home.rulebook, home.rulebooks)
    began = None if log_is_new else first_kept(home.rulebooks)
    if began is None:
        began = office.rulebook.hash
        keep_first(home.rulebooks, began)
    shelf = Shelf(office, partial(kept, home.rulebooks))
    first = shelf.find(began)
    if first is None:
        raise Broken("rulebook.unknown", where=str(home.rulebooks), detail=began[:12])
    return Shelf(first, partial(kept, home.rulebooks))


def open_casebook(home: Home, settings: Settings) -> Casebook:
    """Open the casebook for writing.

    Raises UserError casebook.in_use, casebook.key_missing, exchange.workers_need_postgresql.
    """
    refuse_several_on_sqlite(settings)
    url = settings.casebook.url.get_secret_value()
    return open_url(url, home.casebook_key) if url else open_sqlite(home.casebook)
