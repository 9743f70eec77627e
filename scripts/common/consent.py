"""Who said no to messages, where an attribute of the customer says so."""

from __future__ import annotations

# A condition on columns `attribute` and `value`, as SQL: an attribute that says no to messages, or
# one that says yes to them and is not true.
SAID_NO = """
(
    lower(attribute) in (
        'opt_out', 'opted_out', 'email_opt_out', 'unsubscribed', 'do_not_contact'
    )
    and lower(value) in ('1', 'true', 't', 'yes', 'y')
)
or (
    lower(attribute) in (
        'opt_in', 'email_opt_in', 'consent', 'marketing_consent', 'newsletter',
        'accepts_marketing', 'accepts_email_marketing'
    )
    and lower(value) in ('0', 'false', 'f', 'no', 'n')
)
""".strip()
