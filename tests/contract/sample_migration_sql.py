"""What an auditor asks of legacy and rise: statements that know nothing of the load."""

from __future__ import annotations

WRONG_FIELD = {
    "birth_date_swap": """
        select loaded_batch from legacy.members m join rise.members r on r.member_key = m.member_no
        where m.birth_date not like '00/%'
          and to_char(r.date_of_birth, 'DD/MM/YYYY') <> m.birth_date
          and to_char(r.date_of_birth, 'MM/DD/YYYY') = m.birth_date""",
    "surname_truncated": """
        select loaded_batch from legacy.members m join rise.members r on r.member_key = m.member_no
        where length(r.family_name) < length(btrim(m.last_name))
          and starts_with(m.last_name, r.family_name)""",
    "mojibake_first_name": """
        select loaded_batch from legacy.members m join rise.members r on r.member_key = m.member_no
        where r.given_name <> btrim(m.first_name)
          and r.given_name like '%Ã%'""",
    "default_hire_date": """
        select loaded_batch from legacy.members m join rise.members r on r.member_key = m.member_no
        where m.hire_date is null and r.date_of_hire = date '1900-01-01'""",
    "tax_reference_lost": """
        select loaded_batch from legacy.members m join rise.members r on r.member_key = m.member_no
        where m.tax_reference is not null and r.tax_reference is null""",
    "duplicate_members": """
        select min(loaded_batch) from rise.members group by member_key having count(*) = 2""",
    "orphaned_contributions": """
        select c.loaded_batch from rise.contributions c
        where not exists (select from rise.members r where r.member_key = c.member_key)""",
    "sign_flips": """
        select r.loaded_batch from legacy.contributions c
        join rise.contributions r on r.contribution_key = c.contribution_no
        where r.amount = -c.amount and c.amount <> 0""",
    "interest_rounded": """
        select r.loaded_batch from legacy.contributions c
        join rise.contributions r on r.contribution_key = c.contribution_no
        where r.amount <> c.amount and r.amount = round(c.amount, 2)""",
    "posting_time_shift": """
        select r.loaded_batch from legacy.contributions c
        join rise.contributions r on r.contribution_key = c.contribution_no
        where r.posted_at at time zone 'America/New_York' <> c.posted_local
          and r.posted_at at time zone 'UTC' = c.posted_local""",
}

ANY_DIFFERENCE = """
    select count(*) from legacy.members m join rise.members r on r.member_key = m.member_no
    where btrim(m.last_name) is distinct from r.family_name
       or btrim(m.first_name) is distinct from r.given_name
       or m.birth_date is distinct from to_char(r.date_of_birth, 'DD/MM/YYYY')
       or m.hire_date is distinct from to_char(r.date_of_hire, 'DD/MM/YYYY')
       or m.tax_reference is distinct from r.tax_reference
       or m.salary_cents is distinct from (r.annual_salary * 100)::bigint
       or m.service_credit is distinct from r.service_credit
       or m.updated_local is distinct from r.changed_at at time zone 'America/New_York'
       or (m.plan_code, r.plan) not in
          (('A1', 'Tier 1'), ('A2', 'Tier 2'), ('B1', 'Hybrid'), ('H3', 'Hazardous duty'))
       or (m.status_code, r.status) not in
          (('A', 'active'), ('D', 'deferred'), ('R', 'retired'), ('X', 'deceased'))
    union all
    select count(*) from legacy.contributions c
    join rise.contributions r on r.contribution_key = c.contribution_no
    where c.member_no is distinct from r.member_key
       or c.amount is distinct from r.amount
       or c.period is distinct from to_char(r.pay_period, 'YYYYMM')
       or c.posted_local is distinct from r.posted_at at time zone 'America/New_York'
       or (c.kind_code, r.kind) not in (('EE', 'employee'), ('ER', 'employer'),
                                        ('IN', 'interest'), ('AD', 'adjustment'))
"""

UNACCOUNTED = """
    select c.contribution_no, c.source_system, c.region
    from legacy.contributions c join legacy.members m using (member_no)
    where c.amount <> 0 and m.status_code <> 'Z'
      and not exists (select from rise.contributions r where r.contribution_key = c.contribution_no)
      and not exists (select from rise.rejects j where j.target_table = 'contributions'
                                                   and j.key = c.contribution_no::text)
"""
