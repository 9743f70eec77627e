{% set shares = composition_families().values() | sum(start=[]) %}

with

baseline_scores as (

    select * from {{ ref('int_baseline_scores') }}

),

-- Shares of few lines are noise.
future_purchases as (

    select * from {{ ref('future_purchases') }}
    where line_count >= {{ var('min_share_count') }}

),

bounded as (

    select
        {% for share in shares -%}
        greatest(least(coalesce({{ share }}, 0.0), 1.0), 0.0) as {{ share }},
        {% endfor -%}
        customer_id
    from future_purchases

),

-- Roots of shares spread more evenly than shares.
described as (

    select
        {% for share in shares -%}
        cast(sqrt({{ share }}) as decimal(18, 9)) as {{ share }},
        cast({{ share }} as decimal(18, 9)) as {{ share }}_square,
        {% endfor -%}
        customer_id
    from bounded

),

tiers as (

    select
        customer_id,
        group_number as tier
    from baseline_scores
    where method = 'spend quintiles'

),

-- Sums in place of customers: the groups of six methods have few cells. Squares
-- are wanted of all customers once.
summed as (

    select
        baseline_scores.basis,
        baseline_scores.method,
        baseline_scores.group_number,
        tiers.tier,
        baseline_scores.fold,
        baseline_scores.batch,
        {% for share in shares -%}
        cast(sum(described.{{ share }}) as decimal(28, 9)) as {{ share }},
        cast(
            coalesce(
                sum(described.{{ share }}_square) filter (
                    where baseline_scores.method = 'chance'
                ),
                0
            ) as decimal(28, 9)
        ) as {{ share }}_squares,
        {% endfor -%}
        count(*) as customer_count
    from described
    inner join tiers
        on described.customer_id = tiers.customer_id
    inner join baseline_scores
        on
            described.customer_id = baseline_scores.customer_id
            and baseline_scores.method <> 'spend quintiles'
    group by
        baseline_scores.basis,
        baseline_scores.method,
        baseline_scores.group_number,
        tiers.tier,
        baseline_scores.fold,
        baseline_scores.batch

),

final as (

    select
        basis,
        method,
        group_number,
        tier,
        fold,
        batch,
        share,
        customer_count,
        total,
        squares
    from summed
    unpivot (
        (total, squares) for share in (
            {% for share in shares -%}
            ({{ share }}, {{ share }}_squares) as {{ share }}
            {{- ',' if not loop.last }}
            {% endfor %}
        )
    )

)

select * from final
