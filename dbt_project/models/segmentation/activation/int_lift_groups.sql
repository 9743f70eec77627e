with

lift_campaigns as (

    select * from {{ ref('int_lift_campaigns') }}

),

lift_spend as (

    select * from {{ ref('int_lift_spend') }}

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

customer_scores as (

    select * from {{ ref('int_customer_scores') }}

),

lift_dates as (

    select distinct segmented_as_of_date
    from lift_campaigns

),

-- Who could have been addressed: everybody in the segment on that date.
members as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        customer_scores.is_holdout,
        customer_assignments.as_of_date
    from customer_assignments
    inner join lift_dates
        on customer_assignments.as_of_date = lift_dates.segmented_as_of_date
    inner join customer_scores
        on customer_assignments.customer_id = customer_scores.customer_id

),

member_counts as (

    select
        segment_id,
        is_holdout,
        count(*) as customer_count,
        as_of_date
    from members
    group by
        segment_id,
        is_holdout,
        as_of_date

),

-- What was sent once the weeks looked at were over cannot have changed them.
sent as (

    select
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout,
        count(*) as sent_count,
        count(*) filter (
            where
            customer_campaigns.responded_date
            >= lift_campaigns.first_sent_date
            and customer_campaigns.responded_date
            < lift_campaigns.complete_from_date
        ) as responded_count
    from customer_campaigns
    inner join lift_campaigns
        on
            customer_campaigns.campaign_id = lift_campaigns.campaign_id
            and customer_campaigns.sent_date < lift_campaigns.complete_from_date
    inner join members
        on
            customer_campaigns.customer_id = members.customer_id
            and lift_campaigns.segmented_as_of_date = members.as_of_date
    group by
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout

),

spent as (

    select
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout,
        sum(lift_spend.spend) as spend,
        sum(
            cast(lift_spend.spend as decimal(18, 4))
            * cast(lift_spend.spend as decimal(18, 4))
        ) as squared_spend
    from lift_spend
    inner join lift_campaigns
        on lift_spend.campaign_id = lift_campaigns.campaign_id
    inner join members
        on
            lift_spend.customer_id = members.customer_id
            and lift_campaigns.segmented_as_of_date = members.as_of_date
    group by
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout

),

-- Figures of money are null until the weeks are over.
final as (

    select
        lift_campaigns.campaign_id,
        member_counts.segment_id,
        cast(member_counts.customer_count as bigint) as customer_count,
        coalesce(sent.sent_count, 0) as sent_count,
        coalesce(sent.responded_count, 0) as responded_count,
        case
            when lift_campaigns.is_complete
                then cast(coalesce(spent.spend, 0) as decimal(38, 4))
        end as spend,
        case
            when lift_campaigns.is_complete
                then cast(coalesce(spent.squared_spend, 0) as decimal(38, 8))
        end as squared_spend,
        member_counts.is_holdout
    from lift_campaigns
    inner join member_counts
        on lift_campaigns.segmented_as_of_date = member_counts.as_of_date
    left join sent
        on
            lift_campaigns.campaign_id = sent.campaign_id
            and member_counts.segment_id = sent.segment_id
            and member_counts.is_holdout = sent.is_holdout
    left join spent
        on
            lift_campaigns.campaign_id = spent.campaign_id
            and member_counts.segment_id = spent.segment_id
            and member_counts.is_holdout = spent.is_holdout

)

select * from final
