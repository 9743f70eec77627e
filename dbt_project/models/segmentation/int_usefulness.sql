with

explained as (

    select * from {{ ref('int_usefulness_explained') }}

),

captured as (

    select * from {{ ref('int_usefulness_captured') }}

),

bases as (

    select distinct basis
    from captured
    where method = 'segments'

),

-- What needs no segments is the same on both bases.
joined as (

    select
        bases.basis,
        explained.method,
        explained.group_count,
        captured.customer_count,
        captured.later_spend,
        explained.variance_explained,
        captured.captured_share,
        captured.as_of_date
    from bases
    inner join explained
        on
            bases.basis = explained.basis
            or explained.basis = 'any'
    inner join captured
        on
            explained.basis = captured.basis
            and explained.method = captured.method

),

-- Compared as they are told, in tenths of a percent.
rounded as (

    select
        *,
        cast(100 * variance_explained as decimal(9, 1)) as explained_percent,
        cast(100 * captured_share as decimal(18, 1)) as captured_percent
    from joined

),

compared as (

    select
        *,
        max(case when method = 'segments' then explained_percent end)
            over (partition by basis) as segments_explained,
        max(case when method = 'segments' then captured_percent end)
            over (partition by basis) as segments_captured,
        max(explained_percent) over (partition by basis) as most_explained,
        max(captured_percent) over (partition by basis) as most_captured
    from rounded

),

final as (

    select
        basis,
        method,
        case
            when method = 'segments' then null
            when
                explained_percent > segments_explained
                and captured_percent > segments_captured
                then 'predicts later spend better than the segments'
            when
                explained_percent <= segments_explained
                and captured_percent <= segments_captured
                then 'predicts later spend no better than the segments'
            when explained_percent > segments_explained
                then
                    'explains more of later spend than the segments, and its'
                    || ' best customers bring no more of it'
            when captured_percent > segments_captured
                then
                    'finds the biggest spenders better than the segments, and'
                    || ' explains no more'
        end as comparison,
        group_count,
        customer_count,
        later_spend,
        explained_percent,
        captured_percent,
        variance_explained as later_spend_variance_explained,
        captured_share as top_20_percent_captured_share,
        coalesce(explained_percent = most_explained, false)
            as explains_most,
        coalesce(captured_percent = most_captured, false) as captures_most,
        as_of_date
    from compared

)

select * from final
