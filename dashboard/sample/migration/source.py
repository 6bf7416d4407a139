"""The legacy side: members and contributions that belong to nobody, made from one seed.

Every value is cut from a SHA-256 digest of the seed and the record's number, so equal seeds give
equal records on any server. Names are made of syllables.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

CONTRIBUTIONS_PER_MEMBER = 10

_MEMBERS = sa.text("""
insert into legacy.members
select
    lpad(n::text, 8, '0'),
    case when get_byte(d, 30) < 102 then 'PENSYS' when get_byte(d, 30) < 192 then 'TEACH'
         else 'MUNI' end,
    case when get_byte(d, 31) < 141 then 'EAST' else 'WEST' end,
    initcap(
        syllables[get_byte(d, 0) % 24 + 1] || syllables[get_byte(d, 1) % 24 + 1]
        || case when get_byte(d, 2) >= 40 then syllables[get_byte(d, 3) % 24 + 1] else '' end
        || case when get_byte(d, 2) >= 140 then syllables[get_byte(d, 4) % 24 + 1] else '' end
        || case when get_byte(d, 2) >= 190 then syllables[get_byte(d, 5) % 24 + 1] else '' end
    ) || case when get_byte(d, 6) < 8 then ' ' else '' end,
    initcap(syllables[get_byte(d, 7) % 24 + 1])
        || case when get_byte(d, 8) < 36
                then (array['né', 'lö', 'ñi', 'çu'])[get_byte(d, 8) % 4 + 1]
                else syllables[get_byte(d, 9) % 24 + 1] end
        || case when get_byte(d, 10) < 4 then ' ' else '' end,
    case when n % 1499 = 700 then '00/00/' || born_year
         else to_char(make_date(born_year, get_byte(d, 11) % 12 + 1, get_byte(d, 12) % 28 + 1),
                      'DD/MM/YYYY') end,
    case when get_byte(d, 13) >= 26
         then to_char(make_date(born_year + 22 + get_byte(d, 14) % 12, get_byte(d, 15) % 12 + 1,
                                get_byte(d, 16) % 28 + 1), 'DD/MM/YYYY') end,
    'TR-' || lpad((get_byte(d, 17) * 65536 + get_byte(d, 18) * 256 + get_byte(d, 19))::text,
                  8, '0') || '-' || lpad((n % 97)::text, 2, '0'),
    case when get_byte(d, 20) < 2 then 'H3'
         else (array['A1', 'A2', 'B1'])[get_byte(d, 20) % 3 + 1] end,
    case when get_byte(d, 21) < 2 then 'Z' when get_byte(d, 21) < 16 then 'D'
         when get_byte(d, 21) < 70 then 'R' when get_byte(d, 21) < 78 then 'X' else 'A' end,
    3000000 + (get_byte(d, 22) * 65536 + get_byte(d, 23) * 256 + get_byte(d, 24)) % 9000000,
    round((get_byte(d, 25) * 256 + get_byte(d, 26)) / 1638.4, 4),
    cast(:until as timestamp) - make_interval(
        days => 200 + get_byte(d, 27) * 4, mins => 480 + get_byte(d, 28) * 2, secs => n % 60)
from (
    select n, sha256((:seed || ':member:' || n)::bytea) as d,
        array['vor', 'tek', 'lun', 'qua', 'zim', 'bre', 'oth', 'isk', 'dra', 'wex', 'yol', 'pru',
              'gal', 'fen', 'hux', 'jor', 'kip', 'mav', 'nul', 'pel', 'rus', 'syd', 'tov', 'ulm']
            as syllables
    from generate_series(1, :members) as n
) as drawn
cross join lateral (
    select extract(year from cast(:until as timestamp))::int - 81 + get_byte(d, 29) % 48
        as born_year
) as age
""")

_CONTRIBUTIONS = sa.text("""
insert into legacy.contributions
select
    member_no::bigint * 100 + k,
    member_no, source_system, region,
    to_char(month, 'YYYYMM'),
    case when adjusted and k > 8 then 'AD' when k = 8 then 'IN' when k in (6, 7) then 'ER'
         else 'EE' end,
    case when adjusted and k > 8 then (1000 + member_no::bigint * 7919 % 90000) / 100.0
                                      * (case when k = 9 then 1 else -1 end)
         when k = 8 then (get_byte(d, 0) * 256 + get_byte(d, 1)) / 100.0
                         + (1 + get_byte(d, 2) % 99) / 10000.0
         when k = 7 and get_byte(d, 2) < 3 then 0
         else 100 + (get_byte(d, 0) * 256 + get_byte(d, 1)) / 100.0 end,
    month + make_interval(days => get_byte(d, 3) % 27, hours => 8 + get_byte(d, 4) % 15,
                          mins => get_byte(d, 5) % 60, secs => get_byte(d, 6) % 60),
    case when get_byte(d, 7) < 13 then 'LOCKBOX' when get_byte(d, 7) < 60 then 'CLERK'
         else 'PAYROLL' end
from (
    select m.member_no, m.source_system, m.region, k,
        get_byte(sha256((:seed || ':adjusted:' || m.member_no)::bytea), 0) < 16 as adjusted,
        sha256((:seed || ':contribution:' || m.member_no || ':' || k)::bytea) as d
    from legacy.members as m cross join generate_series(1, :each) as k
) as drawn
cross join lateral (
    select date_trunc('month', cast(:until as timestamp))
        - make_interval(months => k * 3 + 2 + get_byte(d, 8) % 3) as month
) as period
""")


def generate(connection: sa.Connection, *, members: int, seed: int, until: datetime) -> None:
    """Fill ``legacy`` with ``members`` members and ten contributions each."""
    parameters = {"seed": str(seed), "until": until.replace(tzinfo=None), "members": members}
    connection.execute(_MEMBERS, parameters)
    parameters["each"] = CONTRIBUTIONS_PER_MEMBER
    del parameters["members"]
    connection.execute(_CONTRIBUTIONS, parameters)
    connection.execute(sa.text("analyze legacy.members"))
    connection.execute(sa.text("analyze legacy.contributions"))
