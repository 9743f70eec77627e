{#- A group of few customers leans on its tier, as if it had so many more who
    are like the tier. Without them the noise of 125 cells hides what they say. #}
{% set prior_customers = 20 %}

with

cells as (

    select * from {{ ref('int_composition_cells') }}

),

-- Every method has the same customers: chance stands for all.
tier_folds as (

    select
        share,
        tier,
        fold,
        sum(customer_count) as customer_count,
        sum(total) as total,
        sum(squares) as squares
    from cells
    where method = 'chance'
    group by
        share,
        tier,
        fold

),

variations as (

    select
        share,
        case
            {% for family, shares in composition_families().items() -%}
            when share in ({{ text_list(shares) }}) then '{{ family }}'
            {% endfor -%}
        end as family,
        sum(customer_count) as customer_count,
        cast(sum(squares) as double)
        - power(cast(sum(total) as double), 2) / sum(customer_count)
            as variation
    from tier_folds
    group by share

),

-- A share that does not vary cannot tell methods apart.
varying as (

    select
        share,
        family,
        customer_count,
        1.0 / variation / count(*) over (partition by family) as weight
    from variations
    where variation > 0.000001

),

family_counts as (

    select
        max(customer_count) as customer_count,
        count(distinct family) as family_count
    from varying

),

folds as (

    select distinct fold from tier_folds

),

-- Out of sample: of the customers of the other folds.
tier_means as (

    select
        tier_folds.share,
        tier_folds.tier,
        folds.fold,
        cast(sum(tier_folds.total) as double)
        / sum(tier_folds.customer_count) as tier_mean
    from tier_folds
    inner join folds
        on tier_folds.fold <> folds.fold
    group by
        tier_folds.share,
        tier_folds.tier,
        folds.fold

),

group_folds as (

    select
        basis,
        method,
        group_number,
        share,
        tier,
        fold,
        sum(customer_count) as customer_count,
        cast(sum(total) as double) as total
    from cells
    group by
        basis,
        method,
        group_number,
        share,
        tier,
        fold

),

-- How far the members of a group are from their tiers, in the other folds too.
group_effects as (

    select
        group_folds.basis,
        group_folds.method,
        group_folds.group_number,
        group_folds.share,
        tier_means.fold,
        cast(
            sum({{ summable_product(
                'group_folds.total'
                ~ ' - group_folds.customer_count * tier_means.tier_mean',
                1
            ) }}) as double
        )
        / (sum(group_folds.customer_count) + {{ prior_customers }}) as effect
    from group_folds
    inner join tier_means
        on
            group_folds.share = tier_means.share
            and group_folds.tier = tier_means.tier
            and group_folds.fold <> tier_means.fold
    group by
        group_folds.basis,
        group_folds.method,
        group_folds.group_number,
        group_folds.share,
        tier_means.fold

),

-- By how much the squared errors of the means of tiers are larger than those
-- of the means with effects, as a share of the variance. A group that the
-- other folds do not have has no effect.
gains as (

    select
        cells.basis,
        cells.method,
        cells.batch,
        cast(
            sum({{ summable_product(
                'varying.weight / family_counts.family_count',
                'coalesce(group_effects.effect, 0)'
                ~ ' * (2 * (cast(cells.total as double)'
                ~ ' - cells.customer_count * tier_means.tier_mean)'
                ~ ' - cells.customer_count * coalesce(group_effects.effect, 0))'
            ) }}) as double
        ) as gain
    from cells
    inner join varying
        on cells.share = varying.share
    cross join family_counts
    inner join tier_means
        on
            cells.share = tier_means.share
            and cells.tier = tier_means.tier
            and cells.fold = tier_means.fold
    left join group_effects
        on
            cells.basis = group_effects.basis
            and cells.method = group_effects.method
            and cells.group_number = group_effects.group_number
            and cells.share = group_effects.share
            and cells.fold = group_effects.fold
    group by
        cells.basis,
        cells.method,
        cells.batch

),

-- Beside the segments of both bases; what needs no segments is the same.
paired as (

    select
        segment_gains.basis,
        gains.method,
        gains.gain as explained,
        gains.gain - segment_gains.gain as difference
    from gains as segment_gains
    inner join gains
        on
            segment_gains.batch = gains.batch
            and gains.basis in (segment_gains.basis, 'any')
    where segment_gains.method = 'segments'

),

totalled as (

    select
        basis,
        method,
        {% for part in ['explained', 'difference'] -%}
        cast(sum({{ summable_product(part, 1) }}) as double) as {{ part }},
        cast(sum({{ summable_product(part, part) }}) as double)
            as {{ part }}_squares,
        {% endfor -%}
        count(*) as batch_count
    from paired
    group by
        basis,
        method

),

-- Batches are as good as drawn by chance: their sums say how far chance moves
-- the whole.
measured as (

    select
        basis,
        method,
        {% for part in ['explained', 'difference'] -%}
        {{ interval_errors() }} * sqrt(
            cast(batch_count as double)
            / nullif(batch_count - 1, 0)
            * greatest(
                {{ part }}_squares - {{ part }} * {{ part }} / batch_count, 0.0
            )
        ) as {{ part }}_margin,
        {% endfor -%}
        explained,
        difference
    from totalled

),

compared as (

    select
        *,
        case
            when difference - difference_margin > 0 then 'more'
            when difference + difference_margin < 0 then 'less'
            else 'as much'
        end as comparison,
        cast(100 * explained as decimal(18, 1)) as explained_percent,
        cast(100 * (explained - explained_margin) as decimal(18, 1))
            as low_percent,
        cast(100 * (explained + explained_margin) as decimal(18, 1))
            as high_percent
    from measured

),

beside as (

    select
        *,
        {% for name, method in {
            'rfm': 'RFM cells',
            'value': 'recency and spend cells',
            'chance': 'chance',
        }.items() -%}
        max(case when method = '{{ method }}' then explained_percent end)
            over (partition by basis) as {{ name }}_percent,
        {% endfor -%}
        bool_and(comparison = 'less' or method = 'segments')
            over (partition by basis) as are_segments_best
    from compared

),

-- Segments are for what customers buy and how. Within tiers of spend, what they
-- explain cannot be volume.
worded as (

    select
        *,
        case
            when explained - explained_margin > 0 and are_segments_best
                then
                    'The segments say more of what customers buy next than'
                    || ' plain methods do'
            when explained - explained_margin > 0
                then
                    'The segments say no more of what customers buy next than'
                    || ' plain methods do'
            else 'The segments do not say what customers buy next'
        end
        || ': within equal spend they explain '
        || cast(explained_percent as string)
        || '% (' || cast(low_percent as string)
        || '% to ' || cast(high_percent as string)
        || '%) of the differences in what and how customers buy in the next '
        || '{{ var("yield_horizon_days") }} days (RFM cells '
        || cast(rfm_percent as string)
        || '%, recency and spend cells '
        || cast(value_percent as string)
        || '%, chance '
        || cast(chance_percent as string)
        || '%)' as segments_finding,
        'explains '
        || comparison
        || ' of what customers of equal spend buy next '
        || case comparison when 'as much' then 'as' else 'than' end
        || ' the segments' as method_finding
    from beside

),

final as (

    select
        worded.basis,
        worded.method,
        case
            when worded.method = 'segments' then worded.segments_finding
            else worded.method_finding
        end as finding,
        worded.comparison,
        cast(family_counts.customer_count as bigint) as customer_count,
        {% for part in ['explained', 'difference'] -%}
        worded.{{ part }} - worded.{{ part }}_margin as {{ part }}_low,
        worded.{{ part }} + worded.{{ part }}_margin as {{ part }}_high,
        {% endfor -%}
        worded.explained,
        worded.difference
    from worded
    cross join family_counts

)

select * from final
