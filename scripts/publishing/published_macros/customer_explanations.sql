-- Why every customer is in its segment: for every feature customers are
-- clustered by, the customer's value beside the centroids of the segment and of
-- the runner-up, and the feature's part of the margin between the two. The parts
-- add up to runner_up_squared_distance less squared_distance. A view, and not a
-- table, as it would repeat customer_feature_values; it finds its own tables
-- under whatever name the file is attached.
create or replace view main.customer_explanations as

with

chosen as (

    select *
    from main.customer_segments
    where status = 'segmented'

),

features as (

    select *
    from main.feature_catalog
    where is_used

),

feature_values as (

    select
        chosen.customer_id,
        chosen.fit_number,
        chosen.segment_id,
        chosen.runner_up_segment_id,
        features.feature,
        features.label,
        features.unit,
        features.position,
        customer_values.value,
        coalesce(customer_values.value, features.missing_value) as filled,
        features.transform,
        features.lower_value,
        features.upper_value,
        features.mean_value,
        features.scale_factor
    from chosen
    cross join features
    left join main.customer_feature_values as customer_values
        on
            customer_values.customer_id = chosen.customer_id
            and customer_values.feature = features.feature

),

scaled as (

    select
        *,
        (
            greatest(
                lower_value,
                least(
                    upper_value,
                    case transform
                        when 'log1p' then sign(filled) * ln(1 + abs(filled))
                        when 'sqrt' then sign(filled) * sqrt(abs(filled))
                        else filled
                    end
                )
            )
            - mean_value
        ) * scale_factor as scaled_value
    from feature_values

)

select
    scaled.customer_id,
    scaled.feature,
    scaled.label,
    scaled.unit,
    scaled.value,
    own.original_value as segment_value,
    runner_up.original_value as runner_up_value,
    (scaled.scaled_value - runner_up.scaled_value)
    * (scaled.scaled_value - runner_up.scaled_value)
    - (scaled.scaled_value - own.scaled_value)
    * (scaled.scaled_value - own.scaled_value) as contribution,
    scaled.segment_id,
    scaled.runner_up_segment_id,
    scaled.position
from scaled
inner join history.fit_centroids as own
    on
        own.fit_number = scaled.fit_number
        and own.segment_id = scaled.segment_id
        and own.feature = scaled.feature
left join history.fit_centroids as runner_up
    on
        runner_up.fit_number = scaled.fit_number
        and runner_up.segment_id = scaled.runner_up_segment_id
        and runner_up.feature = scaled.feature;

comment on view main.customer_explanations is
'Why every customer is in its segment. Grain: one row per segmented customer and feature that customers are clustered by. A view: ask for one customer or a few.';

comment on column main.customer_explanations.customer_id is
'Customer, segmented at the current as-of date.';
comment on column main.customer_explanations.feature is
'Feature that customers are clustered by.';
comment on column main.customer_explanations.label is
'Feature, as it is spoken of.';
comment on column main.customer_explanations.unit is
'Unit of the three values.';
comment on column main.customer_explanations.value is
'The customer''s value; null where it is missing.';
comment on column main.customer_explanations.segment_value is
'Centroid of the customer''s segment.';
comment on column main.customer_explanations.runner_up_value is
'Centroid of the next nearest segment; null with one segment.';
comment on column main.customer_explanations.contribution is
'The feature''s part of the margin between the two squared distances; negative where it speaks for the runner-up.';
comment on column main.customer_explanations.segment_id is
'Segment the customer is in.';
comment on column main.customer_explanations.runner_up_segment_id is
'Next nearest segment; null with one segment.';
comment on column main.customer_explanations.position is
'Place of the feature in the catalogue, from 1.';
